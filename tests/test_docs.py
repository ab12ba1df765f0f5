"""What the documents say about the project is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cogapp import Cog

from faces.settings import Settings
from scripts.documents import commands

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|<img src=\"([^\"]+)\"")
FENCE = re.compile(r"^\s*```.*?^\s*```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
MAKE = re.compile(r"^\s*make (?:-\w+ )*([\w-]+)(?![\w=-])", re.MULTILINE)


def links(text: str) -> list[str]:
    """The targets of all links and pictures, those in code left out."""
    return [there or picture for there, picture in LINK.findall(FENCE.sub("", text))]


def anchor(heading: str) -> str:
    """The name that GitHub gives to a heading."""
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


def anchors(document: Path) -> set[str]:
    text = FENCE.sub("", document.read_text(encoding="utf-8"))
    return {anchor(heading) for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}


def make_targets() -> set[str]:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return {
        name for line in re.findall(r"^([a-z%\- ]+):(?!=)", text, re.M) for name in line.split()
    }


def code(text: str) -> str:
    """All that stands as code, in lines of its own."""
    return "\n".join([*FENCE.findall(text), *CODE.findall(FENCE.sub("", text))])


def is_made(name: str, targets: set[str]) -> bool:
    return name in targets or (name.startswith("bench-") and "bench-%" in targets)


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_subcommand_has_help_and_is_in_the_readme(name: str) -> None:
    command = commands()[name]

    assert command.help
    assert all(getattr(option, "help", None) for option in command.params), name
    assert re.search(rf"^\| `{name}[` ]", README, re.MULTILINE)


def test_every_setting_is_in_the_readme() -> None:
    rows = set(re.findall(r"^\| `FACELOOP_(\w+)` \|", README, re.MULTILINE))

    assert rows == {name.upper() for name in Settings.model_fields}
    assert all(field.description for field in Settings.model_fields.values())


def test_generated_text_is_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    generated = [name for name in NAMES if "[[[cog" in Path(name).read_text(encoding="utf-8")]

    status = Cog().main(["cog", "--check", "-P", *generated])

    assert "README.md" in generated
    assert status == 0, "run `make docs`"


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_somewhere(name: str) -> None:
    document = ROOT / name
    broken = []
    for link in links(document.read_text(encoding="utf-8")):
        if link.startswith(("https://", "http://")):
            continue
        path, _, place = link.partition("#")
        there = (document.parent / path).resolve() if path else document
        if not there.exists() or (place and place not in anchors(there)):
            broken.append(link)

    assert broken == []


def test_every_picture_is_shown_and_small() -> None:
    shown = {Path(link).name for name in NAMES for link in links((ROOT / name).read_text("utf-8"))}
    pictures = [path for path in (ROOT / "docs" / "pictures").iterdir() if path.is_file()]

    assert {path.name for path in pictures} <= shown
    assert [path.name for path in pictures if path.stat().st_size > 250_000] == []
    assert "AT&T Laboratories Cambridge" in README


@pytest.mark.parametrize("name", NAMES)
def test_every_make_target_exists(name: str) -> None:
    named = MAKE.findall(code((ROOT / name).read_text(encoding="utf-8")))

    assert [one for one in named if not is_made(one, make_targets())] == []


def test_commands_shown_in_the_readme_are_commands() -> None:
    shown = re.findall(r"faceloop ([a-z]+)", "".join(FENCE.findall(README)))

    assert set(shown) <= set(commands())
    assert {"retrain", "cluster", "sync"} <= set(shown)
