"""Up to where in the log the last push came, so that whatever follows from more is pushed once."""

from __future__ import annotations

from faces.store import ledger, log
from faces.store.database import Connection, Store

_PUSHED_UP_TO = "pushed up to"
"""The fact with the log's last number before the last push; None while a push goes on."""
_BEFORE_ALL = -1


def begin_push(store: Store) -> int:
    """Note that a push goes on; returns the log's last number before it."""
    with store.write() as connection:
        ledger.set_fact(connection, _PUSHED_UP_TO, None)
        return log.last_number(connection)


def end_push(store: Store, *, up_to: int) -> None:
    """Note that a push that began at this number came to its end."""
    with store.write() as connection:
        ledger.set_fact(connection, _PUSHED_UP_TO, up_to)


def owe_push(connection: Connection) -> None:
    """Note that there is something to push that the log does not tell."""
    if ledger.fact(connection, _PUSHED_UP_TO) is not None:
        ledger.set_fact(connection, _PUSHED_UP_TO, _BEFORE_ALL)


def was_cut_off(store: Store) -> bool:
    """Whether the last push did not come to its end."""
    with store.read() as connection:
        return ledger.fact(connection, _PUSHED_UP_TO) is None


def owes_push(store: Store) -> bool:
    """Whether something was said, or a push was cut off, since the last push that succeeded."""
    with store.read() as connection:
        pushed: int | None = ledger.fact(connection, _PUSHED_UP_TO)
        return pushed != log.last_number(connection)
