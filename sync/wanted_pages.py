"""Which tasks People should hold: the pages that the desk planned, as Label Studio shows them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from faces.confirmations import FaceVerdict, Truth, Verdict
from faces.desk_tasks import DeskRow, DeskTask
from faces.desk_tasks import Kind as DeskKind
from faces.montage import DRAWING, Layout, lay_out
from faces.records import FaceId, PersonId, PhotoId
from faces.store.ledger import PushedPage
from faces.studio_context import Sighting, context_html, said_html
from faces.studio_format import PEOPLE_VERSION, WORTH, Kind, place_of_task
from faces.studio_people import Asks, ShownRow, people_prediction, people_task
from sync.context import Cut, Places
from sync.wanted import digest

_ASKS = {
    DeskKind.NAME: Asks.NAME,
    DeskKind.SEVERAL: Asks.SEVERAL,
    DeskKind.DOUBT: Asks.SEVERAL,
    DeskKind.SAME: Asks.SAME,
}
_LATER = 1 / 1000
"""What a page that is not full says it is worth, so that it comes after all that are."""


@dataclass(frozen=True)
class WantedPage:
    """A page that the desk planned, and what its people are called, the likeliest first.

    Of the faces in `disputed` people disagree; it has the numbers of what they said, `opinions` in
    words for each row. `queue` is the number of the annotator who is to answer. `sightings` tell of
    each face where it was seen; they may be unknown. `cuts` are of the faces that people had cut
    out in another way than their photo was first read. A page that is `asked` again stands beside
    the tasks that asked before, and `question` says why.
    """

    task: DeskTask
    called: Mapping[PersonId, str] = field(default_factory=dict)
    photos: int = 1
    disputed: Mapping[FaceId, Sequence[int]] = field(default_factory=dict)
    opinions: Sequence[str] = ()
    queue: int = 1
    sightings: tuple[Sighting, ...] = ()
    asked: int = 0
    question: str = ""
    cuts: Mapping[FaceId, Cut] = field(default_factory=dict)

    @property
    def faces(self) -> tuple[FaceId, ...]:
        """The faces that it shows."""
        return self.task.shown

    @property
    def asks(self) -> Asks:
        """How it asks."""
        return _ASKS[self.task.kind]

    @property
    def page(self) -> PushedPage:
        """What the ledger keeps of it."""
        rows = tuple(row.shown for row in self.task.rows)
        chosen = tuple(row.chosen for row in self.task.rows)
        is_several = self.task.kind is DeskKind.SEVERAL
        return PushedPage(rows, self.queue, is_several, chosen if any(chosen) else ())

    @property
    def montage(self) -> str:
        """A digest of the faces, row by row, and of how they are drawn: the picture's name."""
        cuts = [dict(self.cuts)] if self.cuts else []
        return f"page-{digest([DRAWING, self.asks, *self.page.rows, *cuts])}"

    @property
    def key(self) -> str:
        """The picture's name, with what is disputed and how often it was asked before: a page on
        which people came to disagree, or whose answer contradicted itself, is asked anew.
        """
        key = f"page-{digest([self.montage, self.disputed])}" if self.disputed else self.montage
        return f"{key}~{self.asked}" if self.asked else key

    @property
    def kind(self) -> Kind:
        """In which tab it is."""
        if self.task.kind is DeskKind.DOUBT:
            return Kind.DOUBTFUL
        if self.task.kind is DeskKind.SAME:
            return Kind.SAME
        return Kind.CONFIRM if all(map(self._name, self.task.rows)) else Kind.NAME

    @property
    def worth(self) -> float:
        """How early it comes."""
        return self.task.worth if self.task.is_full else self.task.worth * _LATER

    def data(
        self, picture_url: str, previews: Mapping[PhotoId, str] | None = None
    ) -> dict[str, Any]:
        """The task's data; `previews` are the addresses of the photos that it can open."""
        layout = self.layout()
        return people_task(
            asks=self.asks,
            rows=self._shown_rows(layout),
            montage_url=picture_url,
            people=tuple(self.called.values()),
            photos=self.photos,
            ids={name: person for person, name in self.called.items()},
            disputed=list(self.disputed),
            question=said_html(self.question),
            context=self._context(layout, previews or {}),
        ) | place_of_task(self.kind, worth=self.worth, queue=self.queue)

    def seen(self) -> object:
        """Of the data, what makes a task worth rewriting: all but its worth, renewed by itself, and
        whatever the addresses.
        """
        seen = {key: value for key, value in self.data("").items() if key != WORTH}
        return [seen, [asdict(sighting) for sighting in self.sightings]]

    def prediction(self, version: str) -> dict[str, Any]:
        """The task's prediction; People has one version for ever."""
        if version != PEOPLE_VERSION:
            raise ValueError(f"the People project shows {PEOPLE_VERSION} only, not {version}")
        layout = self.layout()
        return people_prediction(
            asks=self.asks,
            rows=self._shown_rows(layout),
            width_px=layout.width_px,
            height_px=layout.height_px,
            score=min(row.chance for row in self.task.rows),
        )

    def predicted(self) -> object:
        """The prediction, whatever its version."""
        return self.prediction(PEOPLE_VERSION)

    def layout(self) -> Layout:
        """Where its tiles are."""
        return lay_out(
            self.page.rows, captions=self.asks is Asks.SEVERAL, apart=self.asks is Asks.SAME
        )

    def _context(self, layout: Layout, previews: Mapping[PhotoId, str]) -> str:
        """What lies over the montage: the photos of its tiles, and a caption above each row."""
        return context_html(
            self.sightings,
            [tile.box for tile in layout.tiles[: len(self.sightings)]],
            previews,
            width_px=layout.width_px,
            height_px=layout.height_px,
            asks=self.asks,
            captions=self._captions() if layout.captions else (),
            places=layout.captions,
            with_field=[row.chosen is None for row in self.task.rows] if self._has_fields else (),
        )

    @property
    def _has_fields(self) -> bool:
        """Whether rows without a name have a field for it."""
        return self.task.kind is DeskKind.SEVERAL

    def _shown_rows(self, layout: Layout) -> list[ShownRow]:
        return [
            ShownRow(tiles, self._name(row), row.carried)
            for row, tiles in zip(self.task.rows, layout.rows, strict=True)
        ]

    def _captions(self) -> list[str]:
        """What stands above each row."""
        return list(self.opinions) or [self._caption(row) for row in self.task.rows]

    def _caption(self, row: DeskRow) -> str:
        """The name that is proposed for a row, and how many faces would be carried with it."""
        name = self._name(row)
        more = f"and {len(row.carried):,} more like these" if row.carried else ""
        return " ".join(part for part in (f"{name}?" if name else "", more) if part)

    def _name(self, row: DeskRow) -> str | None:
        return None if row.chosen is None else self.called.get(row.chosen)


def wanted_pages(
    tasks: Sequence[DeskTask],
    photo_of: Mapping[FaceId, PhotoId],
    truth: Truth,
    places: Places | None = None,
) -> list[WantedPage]:
    """The planned pages as tasks, in their order."""
    numbers, opinions = _disputes(truth)
    pages = []
    for task in tasks:
        doubted = task.kind is DeskKind.DOUBT
        called = {
            person: truth.people[person].name for person in task.people if person in truth.people
        }
        pages.append(
            WantedPage(
                task,
                called,
                len({photo_of[face] for face in task.shown}),
                {face: numbers[face] for face in task.shown} if doubted else {},
                [opinions[face] for face in task.shown] if doubted else (),
                sightings=() if places is None else places.sightings(task.shown),
                cuts={} if places is None else places.cuts(task.shown),
            )
        )
    return pages


def _disputes(truth: Truth) -> tuple[dict[FaceId, list[int]], dict[FaceId, str]]:
    """For each face on which people disagree the numbers of what stands of their words, and these
    words in short.
    """
    numbers: dict[FaceId, list[int]] = defaultdict(list)
    words: dict[FaceId, dict[str, None]] = defaultdict(dict)
    for event in truth.standing:
        if isinstance(event.word, FaceVerdict) and event.word.face in truth.disputed:
            numbers[event.word.face].append(event.number)
            words[event.word.face].setdefault(_in_short(event.word, truth))
    return dict(numbers), {face: f"{' or '.join(said)}?" for face, said in words.items()}


def _in_short(word: FaceVerdict, truth: Truth) -> str:
    known = None if word.person is None else truth.people.get(truth.resolve(word.person))
    name = "somebody" if known is None else known.name
    return {
        Verdict.IS: name,
        Verdict.IS_NOT: f"not {name}",
        Verdict.STRANGER: "a stranger",
        Verdict.NOT_A_FACE: "not a face",
        Verdict.CANNOT_TELL: "nobody can tell",
    }[word.verdict]


def best_first(pages: Iterable[WantedPage]) -> list[WantedPage]:
    """The pages by what they are worth."""
    return sorted(pages, key=lambda page: (-page.worth, page.key))
