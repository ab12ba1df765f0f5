"""The portraits that the tests of the library use."""

from tests.faces.conftest import portrait

__all__ = ["portrait"]
