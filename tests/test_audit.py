"""What `make audit` says: never that all is well where nothing was looked up."""

from __future__ import annotations

import json

import pytest

from scripts.audit import told

SOUND = {"name": "flask", "version": "3.1.0", "vulns": []}
SKIPPED = {"name": "torch", "skip_reason": "Dependency not found on PyPI"}
HURT = {
    "name": "pillow",
    "version": "1.0",
    "vulns": [
        {"id": "PYSEC-1", "fix_versions": ["1.1", "2.0"]},
        {"id": "PYSEC-2", "fix_versions": []},
    ],
}


def said(*dependencies: dict[str, object]) -> tuple[str, int]:
    return told(json.dumps({"dependencies": dependencies, "fixes": []}), "", "constraints.txt")


def test_packages_that_were_looked_up_and_have_no_advisory_are_well() -> None:
    assert said(SOUND, SOUND) == ("constraints.txt: none of 2 packages has an advisory", 0)


def test_each_advisory_is_a_line_with_what_mends_it() -> None:
    line, code = said(SOUND, HURT, SKIPPED)
    assert code == 1
    assert line.splitlines()[1:] == [
        "pillow 1.0: PYSEC-1, mended in 1.1, 2.0",
        "pillow 1.0: PYSEC-2, not mended yet",
    ]


def test_packages_that_could_not_be_looked_up_are_one_line_and_not_well() -> None:
    line, code = said(SOUND, SKIPPED, SKIPPED)
    assert code == 1
    assert "2 of 3 packages could not be looked up" in line
    assert "\n" not in line


@pytest.mark.parametrize("report", ["", "{}", "[]", "<html>"])
def test_a_service_that_is_away_is_one_line_and_not_well(report: str) -> None:
    line, code = told(report, "WARNING: x\nERROR: no route to host\n", "constraints.txt")
    assert (line, code) == (
        "constraints.txt: pip-audit could not look anything up: ERROR: no route to host",
        1,
    )
