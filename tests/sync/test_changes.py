import os
from collections.abc import Collection, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faces.records import PhotoFile, PhotoId
from faces.store.photos import KnownFile
from sync.changes import FolderPlan, plan_away, plan_changes, settle_losses
from sync.folder import Found, noted

ROOT = "/photos"


def file(path: str, *, size: int = 1, modified: int = 1) -> PhotoFile:
    return PhotoFile(ROOT, path, size, modified)


def photo(number: int) -> PhotoId:
    return PhotoId(f"{number:064}")


def known(path: str, number: int | None = 1, *, removed: bool = False) -> KnownFile:
    of = None if number is None else photo(number)
    return KnownFile(file(path), of, None if of else "no photo", removed=removed)


def found(
    *files: PhotoFile, kept_out: Collection[str] = (), unreadable: Mapping[str, str] | None = None
) -> Found:
    return Found(ROOT, files, unreadable or {}, frozenset(kept_out))


def to_read(plan: FolderPlan) -> list[str]:
    return [one.path for one in plan.to_read]


def test_new_and_changed_files_are_read_and_gone_ones_named() -> None:
    before = [
        known("same.jpg", None),
        known("changed.jpg"),
        known("touched.jpg"),
        known("gone.jpg"),
    ]
    now = found(
        file("same.jpg"),
        file("changed.jpg", size=2),
        file("touched.jpg", modified=2),
        file("new.jpg"),
    )
    plan = plan_changes(now, before)
    assert to_read(plan) == ["changed.jpg", "touched.jpg", "new.jpg"]
    assert (plan.unchanged, plan.gone, plan.forgotten) == (1, {"gone.jpg": photo(1)}, ())
    assert plan.before.keys() == {"changed.jpg", "touched.jpg"}
    assert (plan.found, plan.bytes_to_read, plan.photos_before) == (4, 4, 1)


def test_a_folder_read_a_moment_ago_needs_nothing() -> None:
    assert plan_changes(found(file("a.jpg")), [known("a.jpg")]) == FolderPlan(
        ROOT, found=1, unchanged=1, photos_before=1
    )


def test_an_empty_folder_that_nobody_knows_needs_nothing() -> None:
    assert plan_changes(found(), []) == FolderPlan(ROOT)


def test_a_removed_file_that_is_as_it_was_returns_unread() -> None:
    before = [
        known("a.jpg", removed=True),
        known("b.jpg", removed=True),
        known("c.jpg", removed=True),
    ]
    plan = plan_changes(found(file("a.jpg"), file("b.jpg", size=2)), before)
    assert (plan.returned, to_read(plan), plan.unchanged) == (("a.jpg",), ["b.jpg"], 0)
    assert (plan.gone, plan.photos_before) == ({}, 0), "what was removed is not gone once more"


def test_a_refused_file_that_is_gone_is_forgotten() -> None:
    plan = plan_changes(found(file("a.jpg")), [known("a.jpg"), known("b.jpg", None)])
    assert (plan.forgotten, plan.gone) == (("b.jpg",), {})


def test_what_lies_below_an_unreadable_folder_is_not_gone() -> None:
    bytes_name = os.fsdecode(b"locked/\xe9.jpg")
    before = [known("locked/a.jpg"), known(noted(bytes_name), 2), known("lockedb.jpg", 3)]
    plan = plan_changes(found(unreadable={"locked/": "is locked"}), before)
    assert plan.gone == {"lockedb.jpg": photo(3)}
    assert [entry.refused for entry in plan.refused] == [f"{ROOT}/locked/ is locked"]
    again = plan_changes(found(unreadable={"locked/": "is locked"}), [*before, *plan.refused])
    assert again.refused == ()
    mended = plan_changes(found(file("locked/a.jpg")), plan.refused)
    assert mended.forgotten == ("locked/",)


def test_what_is_kept_out_now_is_told_from_what_is_gone() -> None:
    before = [known("a.jpg"), known("b.jpg", 2), known("private/x/c.jpg", 3)]
    plan = plan_changes(found(kept_out={"b.jpg", "private/"}), before)
    assert (plan.gone, plan.kept_out) == ({"a.jpg": photo(1)}, ("b.jpg", "private/x/c.jpg"))
    assert plan_changes(found(kept_out={""}), before).kept_out == tuple(
        entry.file.path for entry in before
    )


def test_reading_again_takes_one_file_of_each_photo() -> None:
    before = [known("a.jpg"), known("b.jpg"), known("c.jpg", 2), known("d.jpg", None)]
    now = found(*(entry.file for entry in before), file("e.jpg"))
    plan = plan_changes(now, before, read_again={photo(1)})
    assert to_read(plan) == ["a.jpg", "e.jpg"]
    assert (plan.again, plan.unchanged) == ({"a.jpg"}, 3)


def test_a_plan_can_be_carried_out_in_parts() -> None:
    plan = plan_changes(found(*map(file, "abc")), [])
    part = plan.first(2)
    rest = plan.after(part, moved=[photo(1)])
    assert (to_read(part), to_read(rest)) == (["a", "b"], ["c"])
    assert rest.moved == {photo(1)}
    assert to_read(plan.first(None)) == ["a", "b", "c"]


def losing(had: int, lost: int, **extra: object) -> FolderPlan:
    gone = {f"{number}.jpg": photo(number) for number in range(lost)}
    return FolderPlan(ROOT, gone=gone, photos_before=had, **extra)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("had", "lost", "is_away"),
    [(20, 2, False), (20, 3, True), (10, 1, False), (10, 2, True), (5, 1, False), (3, 2, True)],
)
def test_more_than_a_tenth_and_more_than_one_is_away(had: int, lost: int, is_away: bool) -> None:
    losses = settle_losses(losing(had, lost), elsewhere=())
    assert (losses.away is not None) == is_away
    assert len(losses.removed) == (0 if is_away else lost)
    meant = settle_losses(losing(had, lost), elsewhere=(), accept=True)
    assert (meant.away, len(meant.removed)) == (None, lost)


def test_what_lies_elsewhere_is_not_lost() -> None:
    plan = losing(10, 9, kept_out=("private.jpg",))
    losses = settle_losses(plan, elsewhere={photo(number) for number in range(8)})
    assert (len(losses.doubles), losses.removed, losses.away) == (8, ("8.jpg", "private.jpg"), None)


def test_what_is_kept_out_is_removed_from_a_folder_that_is_away_too() -> None:
    losses = settle_losses(losing(10, 5, kept_out=("private.jpg",)), elsewhere=())
    assert losses.removed == ("private.jpg",)
    assert "5 of the 10 photos in /photos are gone" in (losses.away or "")


def test_a_missing_folder_is_away_whatever_it_held() -> None:
    plan = plan_away(ROOT, [known("a.jpg"), known("b.jpg", 2, removed=True)])
    assert settle_losses(plan, elsewhere=()).removed == ()
    assert settle_losses(plan, elsewhere=(), accept=True).removed == ("a.jpg",)


paths = st.sampled_from(["a.jpg", "b.jpg", "d/a.jpg", "d/e/b.jpg", "é.jpg", "./caf%E9.jpg"])
entries = st.dictionaries(
    paths, st.tuples(st.sampled_from([None, 1, 2, 3]), st.booleans()), max_size=6
)


@given(entries, st.dictionaries(paths, st.integers(1, 2), max_size=6), st.sets(st.integers(1, 3)))
def test_every_file_becomes_exactly_one_thing(
    before: dict[str, tuple[int | None, bool]], now: dict[str, int], again: set[int]
) -> None:
    was = [known(p, n, removed=removed and n is not None) for p, (n, removed) in before.items()]
    there = found(*(file(path, size=size) for path, size in now.items()))
    plan = plan_changes(there, was, read_again={photo(number) for number in again})
    unread = {*now} - {*to_read(plan)} - {*plan.returned}
    assert len(plan.to_read) + len(plan.returned) + plan.unchanged == plan.found
    assert len(unread) == plan.unchanged
    gone = {*plan.gone, *plan.kept_out, *plan.forgotten}
    assert gone == {entry.file.path for entry in was if not entry.removed} - {*now}
