"""What `up` says once everything runs: where it is, and what to do first."""

from __future__ import annotations

import shlex
import sys
import webbrowser

from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from faceloop.console import console, say
from faceloop.wording import counted
from faceloop.workspace import Connection
from faces.settings import Settings, reach
from faces.store import clusters
from faces.store.database import Store
from sync.desk import Desk

_TEXT_BROWSERS = {"www-browser", "links", "elinks", "lynx", "w3m"}
"""Browsers that would take the terminal over."""


def people_page(settings: Settings, desk: Desk) -> str:
    """Where people say who is who."""
    return f"{settings.studio_url}/projects/{desk.people}/data"


def tell_addresses(settings: Settings, connection: Connection, desk: Desk) -> None:
    """Say where everything is and how to sign in."""
    table = Table(show_header=False, box=None)
    table.add_row("Label Studio", people_page(settings, desk))
    if connection.embedded:
        table.add_row("  sign in as", connection.studio_user)
        table.add_row("  password", connection.studio_password)
    table.add_row("App", f"http://{reach(settings.app_host)}:{settings.app_port}")
    table.add_row("Logs", str(settings.workspace / "logs"))
    console.print(Panel(table, title="faceloop is up; Ctrl-C stops it", expand=False))


def tell_what_to_do(settings: Settings, store: Store, *, left: int = 0) -> None:
    """Say what comes first; without a group there is nobody to name yet.

    `left` is how many photos are still to be read.
    """
    with store.read() as connection:
        groups = clusters.clusters(connection)
    if left:
        say(
            f"{counted(left, 'more photo')} will be read meanwhile: groups grow, and new ones come."
        )
    if not groups:
        fewest = settings.min_samples if settings.method == "dbscan" else "two"
        say(
            f"No group of faces yet: that takes {fewest} photos or more of a person. "
            "Add photos, or name single faces in the project faceloop · Photos."
        )
        return
    console.print(
        "First: sign in, press [bold]Label All Tasks[/bold] and say who each group is: press the "
        "number of a name, or type one and press Enter. A wrong face: click it and press w. "
        "Ctrl+Enter submits.\n"
        f"When a few people are named: [bold]{escape(_retrain(settings))}[/bold]",
        soft_wrap=True,
    )


def open_in_browser(url: str) -> None:
    """Open a page where somebody sits before a screen."""
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return
    name = str(getattr(browser, "name", ""))
    if sys.stdout.isatty() and name.rpartition("/")[2] not in _TEXT_BROWSERS:
        browser.open(url)


def _retrain(settings: Settings) -> str:
    """What to type to learn from this workspace."""
    called = sys.argv[0]
    program = [sys.executable, "-m", "faceloop"] if called.endswith("__main__.py") else [called]
    return shlex.join([*program, "retrain", "--workspace", str(settings.workspace)])
