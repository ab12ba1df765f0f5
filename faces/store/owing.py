"""Up to where in the log the last push came, and what it showed, so that more is pushed once."""

from __future__ import annotations

from dataclasses import dataclass

from faces.store import ledger, log
from faces.store.database import Connection, Store

_PUSHED_UP_TO = "pushed up to"
"""The fact with the log's last number before the last push; None while a push goes on."""
_SHOWN = "model version pushed"
"""The fact with the model version whose names the last push showed, None before the first one."""
_BESIDE = "owed beside the log"
"""The fact that counts what is to be pushed and the log does not tell."""
_BESIDE_PUSHED = "pushed beside the log"
"""The same as it was before the last push."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What a push that has begun will show: the log's last number, and what counts beside it."""

    last: int
    beside: int


def begin_push(store: Store) -> Begun:
    """Note that a push goes on; returns what it starts from."""
    with store.write() as connection:
        ledger.set_fact(connection, _PUSHED_UP_TO, None)
        return Begun(log.last_number(connection), _count(connection, _BESIDE))


def end_push(store: Store, begun: Begun, *, version: str | None) -> None:
    """Note that a push that began so, with this model version, came to its end."""
    with store.write() as connection:
        ledger.set_fact(connection, _PUSHED_UP_TO, begun.last)
        ledger.set_fact(connection, _BESIDE_PUSHED, begun.beside)
        ledger.set_fact(connection, _SHOWN, version)


def owe_push(connection: Connection) -> None:
    """Note that there is something to push that the log does not tell.

    A push that goes on meanwhile may have looked before, so that it does not count for this.
    """
    ledger.set_fact(connection, _BESIDE, _count(connection, _BESIDE) + 1)


def was_cut_off(store: Store) -> bool:
    """Whether the last push did not come to its end."""
    with store.read() as connection:
        return ledger.fact(connection, _PUSHED_UP_TO) is None


def owes_push(store: Store, *, version: str | None) -> bool:
    """Whether something was said, a push was cut off, another model version (`version` now) came
    into use, or anything else is owed since the last push that succeeded.
    """
    with store.read() as connection:
        pushed: int | None = ledger.fact(connection, _PUSHED_UP_TO)
        shown: str | None = ledger.fact(connection, _SHOWN)
        if (pushed, shown) != (log.last_number(connection), version):
            return True
        return _count(connection, _BESIDE_PUSHED) != _count(connection, _BESIDE)


def _count(connection: Connection, name: str) -> int:
    return int(ledger.fact(connection, name) or 0)
