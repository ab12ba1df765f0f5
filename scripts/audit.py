"""Look the pinned packages up in PyPI's advisories, by pip-audit; say plainly if that was in vain.

pip-audit by itself calls packages without fault that it could not look up.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

_Dependencies = Sequence[Mapping[str, Any]]


def main(pip_audit: str, *files: str) -> int:
    """Look up all packages of these files; 0 if each was found and none has an advisory."""
    codes = []
    for file in files:
        how = [pip_audit, "--no-deps", "--disable-pip", "--progress-spinner=off", "--format=json"]
        done = subprocess.run([*how, f"--requirement={file}"], capture_output=True, text=True)
        line, code = told(done.stdout, done.stderr, file)
        print(line)
        codes.append(code)
    return max(codes, default=0)


def told(report: str, errors: str, file: str) -> tuple[str, int]:
    """What pip-audit found in a file, in words, and the exit code for it."""
    try:
        dependencies: _Dependencies = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = (errors.strip().splitlines() or ["it said nothing"])[-1]
        return f"{file}: pip-audit could not look anything up: {last}", 1
    found = [
        f"{one['name']} {one['version']}: {bug['id']}, {_mended(bug)}"
        for one in dependencies
        for bug in one.get("vulns", ())
    ]
    if found:
        return "\n".join((f"{file}: {len(found)} advisories", *found)), 1
    skipped = sum("skip_reason" in one for one in dependencies)
    if skipped:
        return (
            f"{file}: {skipped} of {len(dependencies)} packages could not be looked up: PyPI's "
            "advisories do not answer here; run `make audit` where they do"
        ), 1
    return f"{file}: none of {len(dependencies)} packages has an advisory", 0


def _mended(bug: Mapping[str, Any]) -> str:
    versions = ", ".join(bug.get("fix_versions") or ())
    return f"mended in {versions}" if versions else "not mended yet"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
