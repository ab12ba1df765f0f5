"""The system's Chromium, for whoever works in it by a script: none is downloaded."""

from __future__ import annotations

import shutil

from playwright.sync_api import Browser, BrowserType

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")


def start_chromium(chromium: BrowserType, *flags: str) -> Browser:
    """Start it, with these flags besides those that it needs everywhere.

    Raises:
        LookupError: it is not installed.
    """
    found = next((path for path in map(shutil.which, _NAMES) if path), None)
    if found is None:
        raise LookupError("there is no Chromium on this machine")
    return chromium.launch(executable_path=found, args=[*_FLAGS, *flags])
