"""The store to Label Studio: gather what there is, plan what to change, apply it in small steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from faces.identify import CurrentModel
from faces.store import clusters as cluster_store
from faces.store.database import Store
from faces.store.ledger import Shown
from faces.store.suggestions import drop_suggestions
from sync.applying import OnProgress, ProjectPush
from sync.desk import Desk, Project
from sync.everyone import offer_everyone
from sync.gathering import Gathered, gather
from sync.ordering import keep_order
from sync.plan import Plan, plan_push
from sync.queues import note_shared
from sync.reconcile import reconcile
from sync.rounds import begin_round, show_people, show_round
from sync.unfinished import sweep
from sync.wanted import shown_digest


def push(
    store: Store, desk: Desk, models: CurrentModel, *, on_progress: OnProgress
) -> dict[Project, Plan]:
    """Bring both projects to what the store says; returns what was done.

    Before, all tasks are listed: what a push that was cut off left, and what somebody deleted, is
    made up for.

    Raises:
        BrokenModelVersion: the current model version cannot be used; all stays as it is.
        StudioError: Label Studio did not do what was asked.
    """
    reconcile(store, desk)
    return push_changes(store, desk, models, on_progress=on_progress)


def push_changes(
    store: Store, desk: Desk, models: CurrentModel, *, on_progress: OnProgress
) -> dict[Project, Plan]:
    """Bring both projects to what the store says, where the last push came to its end.

    A new classifier or cluster run makes a new round: its predictions are pushed whole, counted
    and selected before those of earlier rounds are deleted, so that annotators never see none.

    Raises:
        BrokenModelVersion: the current model version cannot be used; all stays as it is.
        StudioError: Label Studio did not do what was asked.
    """
    gathered = gather(store, models)
    with store.write() as connection:
        cluster_store.replace_proposals(connection, gathered.proposals)
        note_shared(connection, gathered.queues)
        drop_suggestions(connection, gathered.answered)
    begin_round(store, gathered.round)
    offer_everyone(desk, gathered.everyone)
    shown = _shown(gathered)
    plans = _plans(gathered, shown)
    for project in desk.order:
        part = ProjectPush(store, desk, project, gathered, shown[project], on_progress)
        part.apply(plans[project])
    sweep(desk.media.montages)
    show_round(store, desk, gathered.round)
    show_people(desk)
    keep_order(
        store,
        desk,
        gathered.pages,
        annotators=gathered.queues.annotators,
        differing=gathered.differing,
    )
    return plans


def plan_only(
    store: Store, models: CurrentModel, *, annotators: Sequence[str] | None = None
) -> dict[Project, Plan]:
    """What a push would do, for a dry run; `annotators` if there are to be others than noted."""
    gathered = gather(store, models, annotators=annotators)
    return _plans(gathered, _shown(gathered))


def _shown(gathered: Gathered) -> dict[Project, dict[str, Shown]]:
    """Digests of what each task will show."""
    return {
        project: {key: shown_digest(one) for key, one in wanted.items()}
        for project, wanted in gathered.wanted.items()
    }


def _plans(gathered: Gathered, shown: Mapping[Project, Mapping[str, Shown]]) -> dict[Project, Plan]:
    return {
        project: plan_push(
            shown[project], gathered.pushed[project], version=gathered.version(project)
        )
        for project in Project
    }
