# syntax=docker/dockerfile:1
# Three images of one code: backend and app name faces on the CPU and have no torch in them;
# worker reads photos, talks to Label Studio and trains.
#
# PIP_ARGS is passed on to pip when the worker is built, for example to take the small torch that
# knows no GPU (README.md, "Without a GPU").

FROM python:3.11-slim-bookworm AS base
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore
# The group and the number that Label Studio's image has too, so that both can read the previews.
# A named volume takes its owner from the folder that it first covers.
RUN useradd --uid 1001 --gid 0 --create-home faceloop \
    && mkdir -p /workspace/media \
    && chown -R 1001:0 /workspace
WORKDIR /faceloop
COPY pyproject.toml constraints.txt ./
COPY scripts/__init__.py scripts/parts.py scripts/requirements.py scripts/

FROM base AS backend-packages
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m scripts.requirements backend server > requirements.txt \
    && pip install --constraint constraints.txt --requirement requirements.txt

FROM base AS app-packages
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m scripts.requirements app server > requirements.txt \
    && pip install --constraint constraints.txt --requirement requirements.txt

FROM base AS worker-packages
ARG PIP_ARGS=""
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m scripts.requirements training server > requirements.txt \
    && pip install ${PIP_ARGS} --constraint constraints.txt --requirement requirements.txt

FROM backend-packages AS backend
COPY . .
RUN pip install --no-deps --no-build-isolation .
USER 1001
WORKDIR /workspace
EXPOSE 9090
CMD ["python", "-m", "backend"]

FROM app-packages AS app
COPY . .
RUN pip install --no-deps --no-build-isolation .
USER 1001
WORKDIR /workspace
EXPOSE 7860
CMD ["python", "-m", "serve", "--in-container"]

FROM worker-packages AS worker
COPY . .
RUN pip install --no-deps --no-build-isolation .
USER 1001
WORKDIR /workspace
CMD ["faceloop", "worker"]
