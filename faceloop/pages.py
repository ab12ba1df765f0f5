"""Pages with faces: made of templates, in which every name is escaped, and for the owner's eyes."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from faces.errors import SetupError

_PRIVATE = 0o600
"""Only its owner looks at the page: it holds faces."""


def rendered(template: str, **shown: object) -> str:
    """The page that a template makes of what is shown."""
    environment = Environment(
        loader=PackageLoader("faceloop"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(shown)


def write_page(path: Path, page: str) -> None:
    """Put the page into its place in one step, for the owner's eyes only.

    Raises:
        SetupError: nothing can be written there.
    """
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            file.write(page)
        beside.replace(path)
    except OSError as error:
        raise SetupError(
            f"the report cannot be written to {path} ({error.strerror or error}); give another file"
        ) from error
    finally:
        beside.unlink(missing_ok=True)
