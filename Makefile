# What to type is in README.md, or `make help`.
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV ?= .venv
STUDIO_VENV ?= .venv-studio
# Passed on to pip, for example to take the small torch that knows no GPU.
PIP_ARGS ?=
CHECK_DISK ?= yes
CHECK ?=
PHOTOS ?=
DATA ?=
# The folder of the demo: its album, its new photos, and the workspace.
DEMO ?= faceloop-demo

# The environment may be shared by several clones: every command runs this clone's code.
export PYTHONPATH := $(CURDIR)$(if $(PYTHONPATH),:$(PYTHONPATH))
# Not every shell reads ~ in PHOTOS=~/Pictures.
AT_HOME = $(patsubst ~/%,$(HOME)/%,$(1))
up: override export PHOTOS := $(call AT_HOME,$(PHOTOS))
demo: override export DEMO := $(abspath $(call AT_HOME,$(DEMO)))
bench-%: override export DATA := $(call AT_HOME,$(DATA))
up demo test-live pictures bench-%: export FACELOOP_STUDIO_VENV := $(abspath $(STUDIO_VENV))

BIN := $(abspath $(VENV))/bin
RUN := "$(BIN)/python" -m
# A shared environment has no command of its own: it would run some other clone's code.
FACELOOP := $(if $(filter $(CURDIR)/%,$(abspath $(VENV))),$(VENV)/bin/faceloop,$(RUN) faceloop)
# Once there is an environment, its own Python looks after it.
RUNNER = $(if $(wildcard $(VENV)/bin/python),$(BIN)/python,$(PYTHON))
INSTALL = "$(RUNNER)" -m scripts.install --venv="$(VENV)" --studio-venv="$(STUDIO_VENV)" \
	--pip-args="$(PIP_ARGS)" --check-disk=$(CHECK_DISK)
COGGED = $(shell grep -l --include='*.md' -r 'cog\]\]\]' README.md docs 2>/dev/null)

.PHONY: help up demo test test-fast check fix docs pictures lock python setup setup-predict setup-studio \
	setup-training setup-dev clean clean-venv

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z%-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# As many photos as are read while the rest is installed; `up` reads the others with the desk open.
up: python ## PHOTOS=folder: install, find the faces in it, start everything, open the browser
	@test -n "$$PHOTOS" || { echo "Say which photos: make up PHOTOS=~/Pictures" >&2; exit 2; }
	@test -d "$$PHOTOS" || { echo "There is no folder $$PHOTOS" >&2; exit 2; }
	@$(INSTALL) predict studio training -- $(FACELOOP) cluster "$$PHOTOS" --limit 2000
	@$(FACELOOP) up "$$PHOTOS" $(if $(CHECK),--check)

demo: python ## the same on sample portraits; CHECK=1: start everything, ask every part, stop
	@$(INSTALL) predict studio training -- sh -c \
		'$(FACELOOP) demo "$$DEMO" && $(FACELOOP) cluster "$$DEMO/album" --workspace "$$DEMO/workspace"'
	@test -d "$$DEMO/album" || $(FACELOOP) demo "$$DEMO"
	@$(FACELOOP) up "$$DEMO/album" --workspace "$$DEMO/workspace" $(if $(CHECK),--check)

test: test-fast test-slow test-live ## install, then run all tests, those with Label Studio and a browser too

# Whatever the environment says, compiled tests are kept: compiling is a fifth of the time.
PYTEST := PYTHONDONTWRITEBYTECODE= $(RUN) pytest -n auto

test-fast: setup-dev ## the tests that need neither, in about a minute
	@$(PYTEST) -q --maxprocesses=8 --dist loadfile

.PHONY: test-slow
test-slow: setup-dev ## those that start processes, wait for the clock or count much
	@$(PYTEST) -q --maxprocesses=8 --dist worksteal -m slow

# Two at once, each with its Label Studio and its browser; the tests of a file follow each other.
# pytest's exit code 5 (nothing to run) is a fault only once there are live tests.
.PHONY: test-live
test-live: setup-dev
	@$(PYTEST) -v --maxprocesses=2 --dist loadfile tests/live -m live --force-enable-socket -p no:randomly --durations=10 \
		|| { code=$$?; test $$code -eq 5 && test -z "$(wildcard tests/live/test_*.py)" || exit $$code; }

check: setup-dev ## format, lint, types, imports, spelling, generated text, forbidden files
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) mypy
	@"$(BIN)/lint-imports"
	@$(RUN) codespell_lib
	@$(if $(COGGED),$(RUN) cogapp --check -P $(COGGED))
	@$(RUN) scripts.check_files

# Their packages are nobody's dependencies, so they have an environment of their own.
.PHONY: audit
audit: python ## bandit over the code, pip-audit over the pinned packages (asks PyPI)
	@"$(RUNNER)" -m venv build/audit && build/audit/bin/pip install -q --disable-pip-version-check bandit pip-audit
	@build/audit/bin/bandit -q -c pyproject.toml -r faceloop faces backend sync training serve
	@echo "bandit finds nothing but what docs/security.md answers"
	@"$(RUNNER)" -m scripts.audit build/audit/bin/pip-audit constraints.txt constraints-studio.txt

fix: setup-dev ## mend what tools can mend
	@$(RUN) ruff check --fix .
	@$(RUN) ruff format .

docs: setup-dev ## write the generated parts of README.md and docs/ anew
	@$(if $(COGGED),$(RUN) cogapp -r -P $(COGGED))

pictures: setup-dev ## take the pictures of the documents anew, from the demo in a browser
	@$(RUN) scripts.take_pictures

bench-%: setup-dev ## DATA=folder: one measurement, its figures as one line of JSON
	@$(RUN) benchmarks.$(subst -,_,$*)

setup: setup-predict setup-studio setup-training ## both environments

setup-predict: python ## only what finds and names faces
	@$(INSTALL) predict

setup-studio: python ## only Label Studio
	@$(INSTALL) studio

setup-training: python ## what predicts, and what learns
	@$(INSTALL) predict training

setup-dev: python ## all, and what tests
	@$(INSTALL) predict training dev studio

lock: python ## write the constraints files anew; PYTHONS: the Pythons they must suit
	@$(PYTHON) -m scripts.lock $(PYTHONS)
PYTHONS ?= python3.11 python3.12 python3.13

python:
	@"$(RUNNER)" -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v <= (3, 13) or sys.exit("faceloop needs Python 3.11, 3.12 or 3.13, and $(RUNNER) is %d.%d: name another one, as in make PYTHON=python3.12" % v)'

clean: ## remove what tools left behind
	@rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -not -path './.venv*' -prune -exec rm -rf {} +

clean-venv: ## remove both environments, if they lie in this clone
	@for venv in "$(abspath $(VENV))" "$(abspath $(STUDIO_VENV))"; do \
		case "$$venv" in \
			"$(CURDIR)"/?*) rm -rf "$$venv" ;; \
			*) echo "$$venv lies elsewhere and may be shared: remove it yourself" ;; \
		esac; \
	done
