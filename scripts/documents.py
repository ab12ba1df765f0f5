"""The generated parts of the documents: tables of settings, of subcommands and of modules.

`make docs` writes them anew through cog, `make check` looks whether they are up to date.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

import typer.main
from pydantic.fields import FieldInfo
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from faceloop.main import command as faceloop
from faces.settings import Settings

_COMPUTED = {"workspace": "`~/.local/share/faceloop` on Linux"}
"""Defaults that are not the same on every machine."""


def settings_table() -> str:
    """Each setting: its name in the environment, its default, what it means."""
    rows = [
        (f"`FACELOOP_{name.upper()}`", _default(name, field), field.description or "")
        for name, field in Settings.model_fields.items()
    ]
    return _table(("name", "default", "what it is"), rows)


def commands_table() -> str:
    """Each subcommand: how it is called, what it does, its options."""
    rows = [
        (f"`{' '.join((name, *_arguments(command)))}`", _help(command), _options(command))
        for name, command in commands().items()
    ]
    return _table(("`faceloop …`", "what it does", "options"), rows)


def modules_table(package: str) -> str:
    """Each module of a package below the current folder: its name, and its docstring's start."""
    files = sorted(file for file in Path(package).rglob("*.py") if "migrations" not in file.parts)
    rows = [(_module(file), _first_sentence(file)) for file in files if file.stem != "__init__"]
    return _table(("module", "what it is"), rows)


def commands() -> dict[str, TyperCommand]:
    """The subcommands by name, in the order of the help."""
    group = typer.main.get_command(faceloop())
    if not isinstance(group, TyperGroup):
        raise TypeError("faceloop has no subcommands")
    found = group.commands.items()
    return {name: command for name, command in found if isinstance(command, TyperCommand)}


def _module(file: Path) -> str:
    return f"`{'.'.join(file.with_suffix('').parts)}`"


def _first_sentence(file: Path) -> str:
    told = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    sentence, _, _ = " ".join(told.split("\n\n")[0].split()).partition(". ")
    return sentence.rstrip(".")


def _default(name: str, field: FieldInfo) -> str:
    if name in _COMPUTED:
        return _COMPUTED[name]
    default = field.get_default(call_default_factory=True, validated_data={})
    shown = default.get_secret_value() if hasattr(default, "get_secret_value") else default
    return f"`{shown}`" if str(shown) else "empty"


def _arguments(command: TyperCommand) -> list[str]:
    given = [one for one in command.params if isinstance(one, TyperArgument)]
    return [
        str(one.name).upper() if one.required else f"[{str(one.name).upper()}]" for one in given
    ]


def _help(command: TyperCommand) -> str:
    return " ".join((command.help or "").split()).rstrip(".")


def _options(command: TyperCommand) -> str:
    given = [one for one in command.params if isinstance(one, TyperOption)]
    return " ".join(f"`{_longest(one)}`" for one in given)


def _longest(option: TyperOption) -> str:
    return "/".join(max(names, key=len) for names in (option.opts, option.secondary_opts) if names)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
