"""The portraits that the tests of the library use, and the workspace of those of sync."""

from tests.faces.conftest import portrait
from tests.sync.conftest import empty_database, workspace

__all__ = ["empty_database", "portrait", "workspace"]
