import copy
import dataclasses
from collections.abc import Callable
from typing import NoReturn

import numpy as np
import pytest

from faces.confirmations import FaceVerdict, PersonCreated, PersonMerged, PersonRenamed, Verdict
from faces.errors import BrokenModelVersion, StudioError, StudioUnreachable
from faces.pictures import save_jpeg
from faces.records import PersonId
from faces.store.ledger import Shown
from faces.studio_format import PEOPLE_VERSION
from sync.applying import BATCH
from sync.desk import Project
from sync.plan import plan_push
from sync.push import plan_only
from tests.studio_double import StudioDouble
from tests.sync.conftest import Workspace, photo_id


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    """Five photos of two people, one of them named, all pushed."""
    workspace.add_photos(5)
    workspace.cluster()
    workspace.name(0, "Anna", faces=2)
    workspace.push()
    return workspace


def names_in(workspace: Workspace, project: Project, key: str) -> list[str]:
    task = workspace.task_of(project, key)
    result = workspace.double.predictions_of(task)[-1]["result"]
    return [region["value"].get("rectanglelabels", ["-"])[0] for region in result]


def test_every_photo_and_page_becomes_a_task_with_a_prediction(filled: Workspace) -> None:
    photos = filled.shown(Project.PHOTOS)
    assert len(photos) == 5
    assert set(map(tuple, photos.values())) == {(filled.selected(Project.PHOTOS),)}
    people = filled.shown(Project.PEOPLE)
    assert list(people.values()) == [[PEOPLE_VERSION], [PEOPLE_VERSION]]
    assert filled.selected(Project.PEOPLE) == PEOPLE_VERSION


def test_rows_with_and_without_a_name_are_on_pages_of_their_own(filled: Workspace) -> None:
    tasks = filled.double.tasks_of(filled.desk.people)
    assert sorted(task["data"]["faces"] for task in tasks) == sorted(
        [filled.members[0][2:], filled.members[1]]
    )


def test_pushing_again_finds_nothing_to_do_and_writes_nothing(filled: Workspace) -> None:
    filled.double.requests.clear()
    plans = filled.push()
    assert all(plan.is_empty for plan in plans.values())
    assert filled.double.writes == []


def test_an_empty_store_pushes_nothing(workspace: Workspace) -> None:
    workspace.double.requests.clear()
    assert all(plan.is_empty for plan in workspace.push().values())
    assert workspace.double.writes == []


def test_a_dry_run_says_what_a_push_will_do_and_does_nothing(workspace: Workspace) -> None:
    workspace.add_photos(2)
    workspace.double.requests.clear()
    planned = plan_only(workspace.store, workspace.models)
    assert str(planned[Project.PHOTOS]) == "2 new, 0 changed, 0 to delete"
    assert workspace.double.requests == []
    assert workspace.push() == planned


def test_a_new_photo_is_one_more_task(filled: Workspace) -> None:
    (photo,) = filled.add_photos(1)
    plans = filled.push()
    assert plans[Project.PHOTOS].new == (photo,)
    assert plans[Project.PHOTOS].changed == ()
    assert len(filled.shown(Project.PHOTOS)) == 6


def test_a_new_name_reaches_the_tasks_that_it_changes(filled: Workspace) -> None:
    filled.name(1, "Zoë", faces=5)
    filled.push()
    for versions in filled.shown(Project.PHOTOS).values():
        assert versions == [filled.selected(Project.PHOTOS)]
    assert names_in(filled, Project.PHOTOS, min(filled.shown(Project.PHOTOS))) == ["Anna", "Zoë"]
    assert len(filled.shown(Project.PEOPLE)) == 1, "the page of a settled cluster goes"


def test_within_a_round_a_prediction_changes_in_place(filled: Workspace) -> None:
    task = filled.task_of(Project.PHOTOS)
    before = [one["id"] for one in filled.double.predictions_of(task)]
    filled.name(1, "Zoë", faces=5)
    filled.push()
    assert [one["id"] for one in filled.double.predictions_of(task)] == before


def test_where_nothing_changed_tasks_are_counted_and_not_listed(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_project: int) -> NoReturn:
        raise AssertionError("all tasks are listed")

    monkeypatch.setattr(filled.studio, "tasks", refuse)
    filled.push()


@pytest.mark.parametrize("whose", ["first", "middle", "last"])
def test_a_deleted_task_is_noticed_though_somebody_added_another(
    filled: Workspace, whose: str
) -> None:
    tasks = [one["id"] for one in filled.double.tasks_of(filled.desk.photos)]
    gone = {"first": tasks[0], "middle": tasks[2], "last": tasks[-1]}[whose]
    key = next(key for key, task in filled.ledger(Project.PHOTOS).items() if task.task_id == gone)
    filled.double.drop_task(gone)
    filled.studio.import_tasks(filled.desk.photos, [{"data": {"image": "/their-own.jpg"}}])
    filled.push()
    made = filled.task_of(Project.PHOTOS, key)
    assert made != gone
    assert made in filled.double.tasks


def test_a_prediction_that_somebody_deleted_is_made_again(filled: Workspace) -> None:
    task = filled.task_of(Project.PHOTOS)
    for one in filled.double.predictions_of(task):
        filled.double.drop_prediction(one["id"])
    filled.name(1, "Zoë", faces=5)
    filled.push()
    assert len(filled.double.predictions_of(task)) == 1


def test_a_renamed_person_is_shown_by_the_new_name(filled: Workspace) -> None:
    filled.say(PersonRenamed(PersonId("p0"), "Anne"))
    filled.push()
    assert names_in(filled, Project.PHOTOS, min(filled.shown(Project.PHOTOS)))[0] == "Anne"


def test_a_merged_person_is_shown_by_the_name_of_the_other(filled: Workspace) -> None:
    filled.say(
        PersonCreated(PersonId("p9"), "Annika"), PersonMerged(PersonId("p0"), PersonId("p9"))
    )
    filled.push()
    assert names_in(filled, Project.PHOTOS, min(filled.shown(Project.PHOTOS)))[0] == "Annika"


def test_a_photo_whose_faces_are_none_loses_its_task(filled: Workspace) -> None:
    gone = [filled.members[person][4] for person in (0, 1)]
    filled.say(*(FaceVerdict(face, Verdict.NOT_A_FACE) for face in gone))
    plans = filled.push()
    assert len(plans[Project.PHOTOS].stale) == 1
    assert len(filled.shown(Project.PHOTOS)) == 4


def test_a_task_that_was_answered_after_the_last_pull_is_not_touched(filled: Workspace) -> None:
    task = filled.task_of(Project.PHOTOS)
    page = filled.task_of(Project.PEOPLE)
    filled.double.annotate(task)
    filled.double.annotate(page, skipped=True)
    before = [(filled.double.tasks[t], filled.double.predictions_of(t)) for t in (task, page)]
    filled.name(0, "Somebody else", faces=5)
    filled.name(1, "Zoë", faces=5)
    filled.push()
    after = [(filled.double.tasks[t], filled.double.predictions_of(t)) for t in (task, page)]
    assert after == before


def answer_once_predictions_change(workspace: Workspace, task: int) -> None:
    """Somebody answers a task in the middle of the next push."""

    def answer() -> None:
        changing = [path for method, path in workspace.double.writes if "predictions" in path]
        if changing and not workspace.double.annotations_of(task):
            workspace.double.annotate(task)

    workspace.double.requests.clear()
    workspace.double.watch = answer


@pytest.mark.parametrize(
    "change",
    [
        lambda workspace: workspace.name(0, "Anna", faces=2),
        lambda workspace: workspace.cluster("dbscan-2"),
    ],
    ids=["renewed", "brought into a new round"],
)
def test_a_task_that_is_answered_while_others_are_pushed_is_not_touched(
    workspace: Workspace, change: Callable[[Workspace], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.applying.PREDICTION_CHUNK", BATCH)
    workspace.add_photos(photos := 2 * BATCH + 2)
    workspace.cluster()
    workspace.push()
    task = max(one["id"] for one in workspace.double.tasks_of(workspace.desk.photos))
    before = copy.deepcopy(workspace.double.predictions_of(task))
    answer_once_predictions_change(workspace, task)
    change(workspace)
    [*_, plan] = workspace.push().values()
    assert len(plan.changed) == photos
    assert workspace.double.annotations_of(task)
    assert workspace.double.predictions_of(task) == before


def test_a_task_that_is_answered_while_a_round_changes_what_others_offer_is_not_touched(
    workspace: Workspace,
) -> None:
    workspace.add_photos(BATCH + 2)
    workspace.cluster()
    workspace.push()
    tasks = workspace.double.tasks_of(workspace.desk.photos)
    for task in tasks:
        task["data"]["caption"] = "of another day"
    last = max(one["id"] for one in tasks)
    before = copy.deepcopy(workspace.double.predictions_of(last))

    def answer() -> None:
        if workspace.double.writes and not workspace.double.annotations_of(last):
            workspace.double.annotate(last)

    workspace.double.requests.clear()
    workspace.double.watch = answer
    workspace.cluster("dbscan-2")
    workspace.push()
    assert workspace.double.annotations_of(last)
    assert workspace.double.tasks[last]["data"]["caption"] == "of another day"
    assert workspace.double.predictions_of(last) == before


def test_a_task_in_which_somebody_has_begun_an_answer_is_not_touched(filled: Workspace) -> None:
    task, page = filled.task_of(Project.PHOTOS), filled.task_of(Project.PEOPLE)
    filled.double.drafts |= {task, page}
    before = [(filled.double.tasks[t], filled.double.predictions_of(t)) for t in (task, page)]
    filled.name(0, "Somebody else", faces=5)
    filled.name(1, "Zoë", faces=5)
    filled.push()
    after = [(filled.double.tasks[t], filled.double.predictions_of(t)) for t in (task, page)]
    assert after == before


def twin_of(workspace: Workspace, project: Project, task: int) -> int:
    """The task once more, as an import makes it that finishes after we gave up on it."""
    first = workspace.double.tasks[task]
    shown = workspace.double.predictions_of(task)
    predictions = [{key: one[key] for key in ("model_version", "result")} for one in shown]
    (twin,) = workspace.studio.import_tasks(
        workspace.desk.project(project),
        [{"data": first["data"], "meta": first["meta"], "predictions": predictions}],
    )
    return twin


def test_a_double_that_came_late_is_deleted(filled: Workspace) -> None:
    task = filled.task_of(Project.PHOTOS)
    twin = twin_of(filled, Project.PHOTOS, task)
    filled.push()
    assert twin not in filled.double.tasks
    assert filled.task_of(Project.PHOTOS) == task
    assert len(filled.shown(Project.PHOTOS)) == 5


def test_of_two_doubles_the_answered_one_is_kept_and_read(filled: Workspace) -> None:
    task = filled.task_of(Project.PHOTOS)
    twin = twin_of(filled, Project.PHOTOS, task)
    filled.double.annotate(twin)
    filled.push()
    assert task not in filled.double.tasks
    assert filled.task_of(Project.PHOTOS) == twin
    assert filled.pull().answers == 1


@pytest.mark.parametrize("answered", [0, 1])
def test_of_an_import_that_was_cut_off_the_answered_double_is_kept(
    workspace: Workspace, answered: int
) -> None:
    workspace.add_photos(2)
    workspace.cluster()
    workspace.double.cut_write(1, done=True)
    with pytest.raises(StudioUnreachable):
        workspace.push()
    first = workspace.double.tasks_of(workspace.desk.people)[0]["id"]
    both = (first, twin_of(workspace, Project.PEOPLE, first))
    workspace.double.annotate(both[answered])
    workspace.push()
    assert [task in workspace.double.tasks for task in both] == [answered == 0, answered == 1]


def test_two_answered_doubles_both_stay(filled: Workspace) -> None:
    task = filled.task_of(Project.PHOTOS)
    twin = twin_of(filled, Project.PHOTOS, task)
    filled.double.annotate(task)
    filled.double.annotate(twin)
    filled.push()
    assert {task, twin} <= set(filled.double.tasks)


def test_predictions_that_somebody_deleted_come_back(filled: Workspace) -> None:
    for number in list(filled.double.predictions):
        filled.double.drop_prediction(number)
    filled.push()
    for project in Project:
        version = filled.selected(project)
        assert set(map(tuple, filled.shown(project).values())) == {(version,)}
    assert all(plan.is_empty for plan in filled.push().values())


@pytest.mark.parametrize("other", [None, "somebody's"])
def test_annotators_are_brought_back_to_the_round(filled: Workspace, other: str | None) -> None:
    filled.double.projects[filled.desk.photos]["model_version"] = other
    filled.push()
    assert filled.selected(Project.PHOTOS) == "faceloop-0001"


def test_whatever_was_chosen_in_people_its_predictions_are_shown_again(filled: Workspace) -> None:
    filled.double.projects[filled.desk.people]["model_version"] = None
    filled.push()
    assert filled.selected(Project.PEOPLE) == PEOPLE_VERSION


def test_a_broken_model_version_changes_nothing(filled: Workspace) -> None:
    (filled.folder / "models").mkdir(exist_ok=True)
    (filled.folder / "models" / "current").write_text("model-0001-deadbeef\n")
    filled.name(1, "Zoë", faces=5)
    filled.double.requests.clear()
    with pytest.raises(BrokenModelVersion, match="model-0001-deadbeef"):
        filled.push()
    assert filled.double.writes == []
    assert filled.selected(Project.PHOTOS) == "faceloop-0001"


def test_a_lost_crop_holds_up_nothing(workspace: Workspace) -> None:
    workspace.add_photos(3)
    workspace.cluster()
    lost = workspace.members[0][0]
    workspace.media.crop(lost).unlink()
    workspace.push()
    assert lost in workspace.asked()
    assert workspace.asked() == {*workspace.members[0], *workspace.members[1]}


def test_a_new_name_rewrites_only_the_photos_that_show_it(workspace: Workspace) -> None:
    theirs = workspace.add_photos(2, people=3)
    workspace.add_photos(3)
    workspace.push()
    workspace.name(2, "Anna", faces=1)
    assert sorted(workspace.push()[Project.PHOTOS].changed) == sorted(theirs)


def test_a_new_round_brings_the_names_on_offer_up_to_date(filled: Workspace) -> None:
    task = filled.task_of(Project.PHOTOS)
    filled.double.tasks[task]["data"] = {"people": []}
    filled.cluster("dbscan-2")
    filled.push()
    assert {"value": "Anna"} in filled.double.tasks[task]["data"]["people"]


def test_an_answered_task_stays_when_it_is_not_needed_any_more(filled: Workspace) -> None:
    page = filled.task_of(Project.PEOPLE)
    filled.double.annotate(page)
    filled.pull()
    filled.name(0, "Anna", faces=5)
    filled.name(1, "Zoë", faces=5)
    filled.push()
    assert page in filled.double.tasks
    assert filled.push()[Project.PEOPLE].is_empty


def test_a_new_cluster_run_makes_a_new_round(filled: Workspace) -> None:
    before = filled.selected(Project.PHOTOS)
    filled.cluster("dbscan-2")
    filled.push()
    after = filled.selected(Project.PHOTOS)
    assert after != before
    assert set(map(tuple, filled.shown(Project.PHOTOS).values())) == {(before, after)}


def test_a_task_that_was_open_while_a_new_round_came_can_be_submitted(filled: Workspace) -> None:
    task = filled.task_of(Project.PHOTOS)
    (opened,) = (one["id"] for one in filled.double.predictions_of(task))
    filled.cluster("dbscan-2")
    filled.push()
    body = {"result": [], "parent_prediction": opened}
    filled.studio._json("POST", f"api/tasks/{task}/annotations/", body)
    assert len(filled.double.annotations_of(task)) == 1


def test_the_predictions_of_rounds_long_past_are_deleted(filled: Workspace) -> None:
    for number in (2, 3, 4):
        filled.cluster(f"dbscan-{number}")
        filled.push()
    versions = set(map(tuple, filled.shown(Project.PHOTOS).values()))
    assert versions == {("faceloop-0003", "faceloop-0004")}


def interrupted(workspace: Workspace, run: str) -> None:
    """Push a new run, with the connection cut before the round is selected."""

    def has_come_far(double: StudioDouble = workspace.double) -> None:
        if any(path.endswith("/import/predictions") for _, path in double.requests):
            raise KeyboardInterrupt

    workspace.cluster(run)
    workspace.double.requests.clear()
    workspace.double.watch = has_come_far
    with pytest.raises(KeyboardInterrupt):
        workspace.push()
    workspace.double.watch = lambda: None


def test_a_round_that_was_left_and_come_back_to_shows_no_prediction_twice(
    filled: Workspace,
) -> None:
    interrupted(filled, "dbscan-2")
    for run, version in (
        ("dbscan-1", "faceloop-0001"),
        ("dbscan-2", "faceloop-0002"),
        ("dbscan-3", "faceloop-0003"),
    ):
        filled.cluster(run)
        filled.push()
        assert filled.selected(Project.PHOTOS) == version
        counts = [v.count(version) for v in filled.shown(Project.PHOTOS).values()]
        assert counts == [1] * 5


def test_the_name_of_a_round_that_was_cut_off_is_given_to_no_other(filled: Workspace) -> None:
    interrupted(filled, "dbscan-2")
    filled.cluster("dbscan-3")
    filled.push()
    assert filled.selected(Project.PHOTOS) == "faceloop-0003"
    versions = set(map(tuple, filled.shown(Project.PHOTOS).values()))
    assert versions == {("faceloop-0001", "faceloop-0003")}


def test_annotators_see_a_prediction_at_every_moment_of_a_new_round(filled: Workspace) -> None:
    there = [task["id"] for task in filled.double.tasks_of(filled.desk.photos)]

    def every_task_shows_something() -> None:
        version = filled.double.projects[filled.desk.photos]["model_version"]
        for task in there:
            versions = [one["model_version"] for one in filled.double.predictions_of(task)]
            assert version in versions

    every_task_shows_something()
    filled.double.watch = every_task_shows_something
    filled.name(1, "Zoë", faces=3)
    filled.cluster("dbscan-2")
    filled.add_photos(1)
    filled.push()
    assert filled.selected(Project.PHOTOS) == "faceloop-0002"


def test_a_round_changes_nothing_in_a_task_that_was_answered(filled: Workspace) -> None:
    task = filled.task_of(Project.PHOTOS)
    filled.double.annotate(task)
    filled.pull()
    result = filled.double.annotations_of(task)[0]["result"]
    filled.cluster("dbscan-2")
    filled.push()
    assert filled.double.annotations_of(task)[0]["result"] == result
    assert filled.push()[Project.PHOTOS].is_empty


def test_a_task_that_somebody_deleted_is_made_again(filled: Workspace) -> None:
    filled.double.drop_task(filled.task_of(Project.PHOTOS))
    filled.double.drop_task(filled.task_of(Project.PEOPLE))
    filled.name(1, "Zoë", faces=1)
    filled.cluster("dbscan-2")
    filled.push()
    assert len(filled.shown(Project.PHOTOS)) == 5
    assert filled.asked() == {*filled.members[0][2:], *filled.members[1][1:]}
    assert all(plan.is_empty for plan in filled.push().values())


def test_fewer_predictions_than_were_sent_is_an_error(filled: Workspace) -> None:
    filled.cluster("dbscan-2")
    double = filled.double

    def lose_one() -> None:
        newest = [n for n, p in double.predictions.items() if p["model_version"] == "faceloop-0002"]
        for number in newest[4:]:
            del double.predictions[number]

    double.watch = lose_one
    with pytest.raises(StudioError, match="holds 4 of 5 predictions"):
        filled.push()
    assert filled.selected(Project.PHOTOS) == "faceloop-0001"
    double.watch = lambda: None
    filled.push()
    assert filled.selected(Project.PHOTOS) == "faceloop-0002"
    counts = [v.count("faceloop-0002") for v in filled.shown(Project.PHOTOS).values()]
    assert counts == [1] * 5


def first_push(workspace: Workspace) -> None:
    workspace.add_photos(3)
    workspace.cluster()
    workspace.name(0, "Anna", faces=1)


def new_names(workspace: Workspace) -> None:
    first_push(workspace)
    workspace.push()
    workspace.name(1, "Zoë", faces=2)


def new_round(workspace: Workspace) -> None:
    new_names(workspace)
    workspace.cluster("dbscan-2")
    workspace.add_photos(1)


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("prepare", [first_push, new_names, new_round])
def test_a_push_that_was_cut_off_anywhere_is_completed_by_the_next(
    workspace: Workspace, prepare: Callable[[Workspace], None], done: bool
) -> None:
    prepare(workspace)
    cuts = 0
    while was_cut_off(workspace, at_write=cuts + 1, done=done):
        cuts += 1
    assert cuts > 0
    workspace.push()
    assert all(plan.is_empty for plan in workspace.push().values())
    for project in Project:
        version = workspace.selected(project)
        kept = [v.count(version) for v in workspace.shown(project).values()]
        assert set(kept) == {1}
        assert {task.task_id for task in workspace.ledger(project).values()} == {
            task["id"] for task in workspace.double.tasks_of(workspace.desk.project(project))
        }
        tabs = workspace.studio.views(workspace.desk.project(project)).values()
        assert len({tab.title for tab in tabs}) == len(tabs)
    assert len(workspace.shown(Project.PHOTOS)) == workspace.photo_count


def was_cut_off(workspace: Workspace, *, at_write: int, done: bool) -> bool:
    workspace.double.cut_write(at_write, done=done)
    try:
        workspace.push()
    except StudioUnreachable:
        return True
    return False


def test_the_plan_lists_new_changed_and_stale_tasks(filled: Workspace) -> None:
    pushed = filled.ledger(Project.PHOTOS)
    first, second, third, *_ = sorted(pushed)
    wanted = {key: task.shown for key, task in pushed.items() if key != third}
    wanted |= {"new": Shown("data", "prediction"), second: Shown("data", "another prediction")}
    plan = plan_push(wanted, pushed, version=pushed[first].round)
    assert (plan.new, plan.changed, plan.stale) == (("new",), (second,), (third,))


def test_the_plan_leaves_answered_tasks_alone(filled: Workspace) -> None:
    pushed = {
        key: dataclasses.replace(task, annotated=True)
        for key, task in filled.ledger(Project.PHOTOS).items()
    }
    assert plan_push({}, pushed, version="another").is_empty
    another = dict.fromkeys(pushed, Shown("other", "other"))
    assert plan_push(another, pushed, version="another").is_empty


def test_pictures_can_be_sent_instead_of_served(workspace: Workspace) -> None:
    workspace.desk = dataclasses.replace(workspace.desk, pictures="upload")
    for photo in workspace.add_photos(2):
        workspace.media.preview(photo).parent.mkdir(parents=True, exist_ok=True)
        workspace.media.preview(photo).write_bytes(b"a picture")
    workspace.cluster()
    workspace.push()
    urls = [task["data"]["image"] for task in workspace.double.tasks_of(workspace.desk.photos)]
    stored = [f"/data/{upload['file']}" for upload in workspace.double.uploads.values()]
    assert len(set(urls)) == 2
    assert set(urls) <= set(stored)
    assert all(plan.is_empty for plan in workspace.push().values())


def test_a_page_shows_where_its_faces_were_seen(filled: Workspace) -> None:
    (page, *_) = filled.double.tasks_of(filled.desk.people)
    assert page["data"]["context"].count("<details") == len(page["data"]["faces"])
    assert "/data/local-files/?d=previews/" in page["data"]["context"]
    assert "jpg · photos" in page["data"]["context"]


def test_where_pictures_are_uploaded_a_page_shows_the_uploaded_photos(workspace: Workspace) -> None:
    workspace.add_photos(2)
    for photo in range(2):
        save_jpeg(np.zeros((10, 40, 3), np.uint8), workspace.media.preview(photo_id(photo)))
    workspace.cluster()
    workspace.desk = dataclasses.replace(workspace.desk, pictures="upload")
    workspace.push()
    uploaded = [task["data"]["image"] for task in workspace.double.tasks_of(workspace.desk.photos)]
    for page in workspace.double.tasks_of(workspace.desk.people):
        assert all(address in page["data"]["context"] for address in uploaded)
