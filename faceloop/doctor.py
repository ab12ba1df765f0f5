"""`faceloop doctor`: what goes wrong between faceloop and Label Studio, and what mends it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from faceloop import options
from faceloop.console import console, say, waiting
from faceloop.doctor_findings import findings
from faceloop.doctor_gathering import gather
from faceloop.doctor_verdict import Finding, Verdict
from faceloop.wording import counted, printable
from faceloop.workspace import settings_for

AsJson = Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")]


def doctor(
    workspace: options.Workspace = None,
    studio: options.Studio = None,
    api_key: options.ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Look at everything that can go wrong between faceloop and Label Studio; change nothing.

    The exit code is 1 if something is wrong; each trouble comes with what mends it.
    """
    settings = settings_for(workspace, studio_url=studio, studio_api_key=api_key)
    with waiting("Asking Label Studio, the backend and the workspace"):
        found = findings(gather(settings, now=datetime.now(UTC)))
    troubles = sum(one.verdict is Verdict.TROUBLE for one in found)
    if as_json:
        say(json.dumps({"troubles": troubles, "findings": [_as_json(one) for one in found]}))
    else:
        _tell(found)
        say(f"{counted(len(found), 'check')}, {counted(troubles, 'trouble')}")
    if troubles:
        raise typer.Exit(1)


def _as_json(finding: Finding) -> dict[str, str]:
    return {
        "check": finding.check,
        "verdict": finding.verdict,
        "told": finding.told,
        "remedy": finding.remedy,
    }


def _tell(found: list[Finding]) -> None:
    table = Table("check", "", "", show_header=False)
    for one in found:
        remedy = f"\n=> {one.remedy}" if one.remedy else ""
        table.add_row(one.check, one.verdict, escape(printable(one.told) + remedy))
    console.print(table)
