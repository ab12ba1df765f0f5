"""Ready-made tabs in Label Studio's Data Manager: what there should be, and bringing it about."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from faces.confirmations import Truth
from faces.records import FaceId, PhotoId, Proposal
from faces.store import ledger
from faces.store.database import Store
from faces.studio_format import WORTH, Kind
from faces.studio_views import Filter, Tab
from sync.desk import Desk, Project, tabs_fact

DIFFERING_PHOTOS = 100
"""As many photos as a filter can name."""
_NAME_OF_KIND = {
    Kind.NAME: "Name these first",
    Kind.SAME: "Same person?",
    Kind.DOUBTFUL: "Doubtful faces",
    Kind.CONFIRM: "Quick confirm",
}
_OF = " · "
"""Stands between a tab's name and its annotator's."""
_NEW_PHOTOS = "New photos"
_DIFFERING = "Model and people disagree"
_HEX_DIGITS = "0123456789abcdef"
_ENOUGH_OF_ID = 16
"""So many digits of a photo's id tell it from all others."""
_LATEST = "-completed_at"
_UNANSWERED = Filter("total_annotations", "equal", 0)
_NEVER_SHOWN = (
    "cancelled_annotations",
    "draft_exists",
    "total_predictions",
    "inner_id",
    "annotations_results",
    "annotations_ids",
    "predictions_score",
    "predictions_model_versions",
    "predictions_results",
    "file_upload",
    "storage_filename",
    "created_at",
    "updated_at",
    "updated_by",
    "avg_lead_time",
    *("data.people", "data.people_ids", "data.faces", "data.disputed", "data.carried"),
    *("data.asks", "data.rows", "data.carried_rows", "data.proposed", "data.labels"),
    *("data.verdicts", "data.kind", "data.queue", "data.photo", "data.turned"),
)
_SHOWN_UNANSWERED = ("data.worth",)
_SHOWN_ANSWERED = ("completed_at", "annotators", "total_annotations")
_NOT_BESIDE = ("id", "data.size", "data.photos")


@dataclass(frozen=True)
class TabPlan:
    """What is to be done about a project's tabs; `known` are those that stay, by title."""

    new: tuple[Tab, ...]
    changed: Mapping[int, Tab]
    stale: tuple[int, ...]
    known: Mapping[str, int]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.new or self.changed or self.stale)


def people_tabs(kinds: Collection[Kind], annotators: Sequence[str]) -> list[Tab]:
    """The tabs of People, from left to right: one for each kind of task and annotator."""
    tabs = []
    for kind, name in _NAME_OF_KIND.items():
        for title, queue in _shared_out(name, annotators) if kind in kinds else ():
            filters = [_of_kind(kind), _UNANSWERED]
            if queue:
                filters.append(Filter("data.queue", "equal", str(queue)))
            tabs.append(_tab(title, *filters, ordering=f"-data.{WORTH}"))
    return [*tabs, _answered_lately()]


def _of_kind(kind: Kind) -> Filter:
    """A task to name comes up among all others by its worth, whether a name is chosen or not."""
    if kind is Kind.NAME:
        return Filter("data.kind", "regex", f"^({Kind.NAME}|{Kind.CONFIRM})$")
    return Filter("data.kind", "equal", kind.value)


def photo_tabs(differing: Iterable[PhotoId], annotators: Sequence[str]) -> list[Tab]:
    """The tabs of Photos, from left to right; `differing` are those where model and people do.

    Photos are shared out by a digit of their ids, which are digests, so that no task need know.
    """
    tabs = []
    for title, queue in _shared_out(_NEW_PHOTOS, annotators):
        filters = [_UNANSWERED]
        if queue:
            digits = _HEX_DIGITS[queue - 1 :: len(annotators)]
            filters.append(Filter("data.photo", "regex", f"^[{digits}]"))
        tabs.append(_tab(title, *filters, ordering="-id"))
    named = "|".join(sorted(photo[:_ENOUGH_OF_ID] for photo in differing))
    these = Filter("data.photo", "regex", f"^({named})" if named else "^$")
    return [*tabs, _tab(_DIFFERING, these, ordering=_LATEST), _answered_lately()]


def differing_photos(
    proposals: Iterable[Proposal], truth: Truth, photo_of: Mapping[FaceId, PhotoId]
) -> list[PhotoId]:
    """Photos with a face that people say is one person and the machine another, surest first."""
    against = [
        proposal
        for proposal in proposals
        if proposal.person is not None
        and proposal.face in photo_of
        and proposal.face in truth.confirmed
        and truth.confirmed[proposal.face].person != proposal.person
    ]
    surest = sorted(against, key=lambda proposal: (-proposal.score, proposal.face))
    return list(dict.fromkeys(photo_of[one.face] for one in surest))[:DIFFERING_PHOTOS]


def plan_tabs(wanted: Sequence[Tab], there: Mapping[int, Tab], noted: Mapping[str, int]) -> TabPlan:
    """Compare the tabs that there should be with those that are, and with those noted as ours.

    Only title, filters and ordering count; a tab that is not ours is nobody's business. One that
    is just as it should be but not noted was made by a push that was cut off.
    """
    ours = {title: view for title, view in noted.items() if view in there}
    others = {view: tab for view, tab in there.items() if view not in ours.values()}
    known: dict[str, int] = {}
    for tab in wanted:
        found = ours.get(tab.title) or next(
            (v for v, other in others.items() if other == tab), None
        )
        if found is not None:
            known[tab.title] = found
    return TabPlan(
        new=tuple(tab for tab in wanted if tab.title not in known),
        changed={
            known[tab.title]: tab
            for tab in wanted
            if tab.title in known and there[known[tab.title]] != tab
        },
        stale=tuple(sorted(set(ours.values()) - set(known.values()))),
        known=known,
    )


def kinds_with_tabs(store: Store) -> set[Kind]:
    """The kinds of task that have a tab already: it stays though no task may be left."""
    names = {title.split(_OF)[-1] for title in _noted(store, Project.PEOPLE)}
    return {kind for kind, name in _NAME_OF_KIND.items() if name in names}


def keep_tabs(store: Store, desk: Desk, project: Project, wanted: Sequence[Tab]) -> None:
    """Bring a project's tabs to what is wanted, each noted as soon as it is made.

    Those made now stand in their place among ours, to the left of all others.
    """
    studio, project_id = desk.studio, desk.project(project)
    noted = _noted(store, project)
    there = studio.views(project_id)
    plan = plan_tabs(wanted, there, noted)
    known = dict(plan.known)
    for view, tab in plan.changed.items():
        studio.save_view(project_id, tab, view=view)
    for tab in plan.new:
        known[tab.title] = studio.save_view(project_id, tab)
        _note(store, project, {**noted, **known})
    for view in plan.stale:
        studio.delete_view(view)
    if plan.new:
        ours = [known[tab.title] for tab in wanted]
        others = [view for view in there if view not in ours and view not in plan.stale]
        studio.order_views(project_id, [*ours, *others])
    if known != noted:
        _note(store, project, known)


def _shared_out(name: str, annotators: Sequence[str]) -> list[tuple[str, int]]:
    """A title and a queue for each annotator; one title and no queue where nobody shares.

    Whose it is comes first: Label Studio cuts long titles off.
    """
    if len(annotators) < 2:  # nobody to share with
        return [(name, 0)]
    short = [who.partition("@")[0] or who for who in annotators]
    called = short if len(set(short)) == len(short) else annotators
    return [(f"{who}{_OF}{name}", queue) for queue, who in enumerate(called, start=1)]


def _answered_lately() -> Tab:
    return _tab("Answered lately", Filter("total_annotations", "greater", 0), ordering=_LATEST)


def _tab(title: str, *filters: Filter, ordering: str) -> Tab:
    """A tab that shows what matters to its tasks, and beside an open one their pictures alone."""
    other = _SHOWN_UNANSWERED if ordering == _LATEST else _SHOWN_ANSWERED
    beside = (*_NEVER_SHOWN, *_SHOWN_UNANSWERED, *_SHOWN_ANSWERED, *_NOT_BESIDE)
    return Tab(title, filters, ordering, hidden=(*_NEVER_SHOWN, *other), hidden_beside=beside)


def _noted(store: Store, project: Project) -> dict[str, int]:
    """Our tabs by title."""
    with store.read() as connection:
        return dict(ledger.fact(connection, tabs_fact(project)) or {})


def _note(store: Store, project: Project, views: Mapping[str, int]) -> None:
    with store.write() as connection:
        ledger.set_fact(connection, tabs_fact(project), dict(views))
