"""The tabs of Label Studio's Data Manager; its API calls them views."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from faces.studio_connection import Gone, StudioConnection

_TASKS = "tasks:"
_FILTER = f"filter:{_TASKS}"


@dataclass(frozen=True, slots=True)
class Filter:
    """What a tab asks of a task: of a column such as "total_annotations" or "data.kind"."""

    column: str
    operator: str
    value: object


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab: which tasks it shows and in what order.

    `ordering` is a column, with a minus before it for the largest first. `hidden` are columns that
    are not shown at first, `hidden_beside` those not shown in the list beside an open task; whoever
    works with the tab may change that, so it tells no tab from another.
    """

    title: str
    filters: tuple[Filter, ...] = ()
    ordering: str = ""
    conjunction: str = "and"
    hidden: tuple[str, ...] = field(default=(), compare=False)
    hidden_beside: tuple[str, ...] = field(default=(), compare=False)


class StudioViews(StudioConnection):
    """What there is to say to Label Studio about tabs."""

    def views(self, project: int) -> dict[int, Tab]:
        """All tabs of a project by id, from left to right."""
        found = self._rows("api/dm/views/", {"project": project})
        return {int(view["id"]): _tab(view["data"] or {}) for view in found}

    def save_view(self, project: int, tab: Tab, *, view: int | None = None) -> int:
        """Make a tab, or bring one to what is wanted; its id.

        Of one that is there all stays that people set by themselves, such as widths of columns.
        """
        if view is None:
            hidden = {"explore": _columns(tab.hidden), "labeling": _columns(tab.hidden_beside)}
            data = _data(tab) | {"hiddenColumns": hidden}
            made = self._json("POST", "api/dm/views/", {"project": project, "data": data})
            return int(made["id"])
        path = f"api/dm/views/{view}/"
        there = self._json("GET", path)["data"] or {}
        self._json("PATCH", path, {"project": project, "data": there | _data(tab)})
        return view

    def order_views(self, project: int, views: Sequence[int]) -> None:
        """Put tabs into this order, from left to right."""
        self._json("POST", "api/dm/views/order/", {"project": project, "ids": list(views)})

    def delete_view(self, view: int) -> None:
        """Delete a tab, not its tasks; one that is gone already is fine."""
        try:
            self._json("DELETE", f"api/dm/views/{view}/")
        except Gone:
            return


def _tab(data: Mapping[str, Any]) -> Tab:
    asked = data.get("filters") or {}
    ordering = data.get("ordering") or [""]
    return Tab(
        title=str(data.get("title", "")),
        filters=tuple(_filter(item) for item in asked.get("items") or []),
        ordering=str(ordering[0]).replace(_TASKS, "", 1),
        conjunction=str(asked.get("conjunction", "and")),
    )


def _filter(item: Mapping[str, Any]) -> Filter:
    return Filter(str(item["filter"]).removeprefix(_FILTER), str(item["operator"]), item["value"])


def _data(tab: Tab) -> dict[str, Any]:
    minus = "-" if tab.ordering.startswith("-") else ""
    items = [
        {
            "filter": f"{_FILTER}{one.column}",
            "operator": one.operator,
            "type": _type(one.column),
            "value": one.value,
        }
        for one in tab.filters
    ]
    return {
        "title": tab.title,
        "filters": {"conjunction": tab.conjunction, "items": items},
        "ordering": [f"{minus}{_TASKS}{tab.ordering.removeprefix('-')}"],
    }


def _type(column: str) -> str:
    """The type of a column by which the Data Manager itself would write the filter."""
    return "Unknown" if column.startswith("data.") else "Number"


def _columns(columns: Sequence[str]) -> list[str]:
    return [f"{_TASKS}{column}" for column in columns]
