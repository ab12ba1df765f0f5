"""What came of a retrain, in lines for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from faces.names import some_of

if TYPE_CHECKING:
    from faces.versions import ModelVersion
    from training.dataset import DataSet
    from training.drafting import Report
    from training.promotion import Decision


def verdict(
    version: ModelVersion, current: ModelVersion | None, decision: Decision, *, dry_run: bool
) -> str:
    """What becomes of a new version, and why, in one line."""
    would = "would be" if dry_run else "is"
    if decision.is_promoted:
        beside = "" if current is None else f" ({decision.why})"
        return f"{version.id} {would} in use: {_told(version.metrics)}{beside}"
    stays = "no version" if current is None else current.id
    return f"{version.id} {would} not in use, {stays} stays: {decision.why}"


def report_left_out(data: DataSet, report: Report) -> None:
    """Tell who cannot be learned yet, and why."""
    if data.left_out:
        names = some_of([person.name for person in data.left_out])
        report(f"not learned yet, for want of two faces or of a photo to learn from: {names}")


def _told(metrics: Mapping[str, float]) -> str:
    """The figures that people ask for, in words."""
    if "named_right" not in metrics:
        return "no confirmed face was kept for testing yet, so nothing is measured"
    told = f"on photos kept for testing it names {metrics['named_right']:.0%} of the faces right"
    told += f" and {metrics['named_wrong']:.0%} wrong"
    if "strangers_accepted" in metrics:
        told += f", and gives a name to {metrics['strangers_accepted']:.0%} of the strangers"
    return told
