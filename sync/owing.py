"""Up to where in the log the last push came, and what it showed, so that more is pushed once."""

from __future__ import annotations

from faces.store import ledger, log
from faces.store.database import Connection, Store

_PUSHED_UP_TO = "pushed up to"
"""The fact with the log's last number before the last push; None while a push goes on."""
_SHOWN = "model version pushed"
"""The fact with the model version whose names the last push showed, None before the first one."""
_BEFORE_ALL = -1


def begin_push(store: Store) -> int:
    """Note that a push goes on; returns the log's last number before it."""
    with store.write() as connection:
        ledger.set_fact(connection, _PUSHED_UP_TO, None)
        return log.last_number(connection)


def end_push(store: Store, *, up_to: int, version: str | None) -> None:
    """Note that a push that began at this number, with this model version, came to its end."""
    with store.write() as connection:
        ledger.set_fact(connection, _PUSHED_UP_TO, up_to)
        ledger.set_fact(connection, _SHOWN, version)


def owe_push(connection: Connection) -> None:
    """Note that there is something to push that the log does not tell."""
    if ledger.fact(connection, _PUSHED_UP_TO) is not None:
        ledger.set_fact(connection, _PUSHED_UP_TO, _BEFORE_ALL)


def was_cut_off(store: Store) -> bool:
    """Whether the last push did not come to its end."""
    with store.read() as connection:
        return ledger.fact(connection, _PUSHED_UP_TO) is None


def owes_push(store: Store, *, version: str | None) -> bool:
    """Whether something was said, a push was cut off, or another model version (`version` now) came
    into use since the last push that succeeded.
    """
    with store.read() as connection:
        pushed: int | None = ledger.fact(connection, _PUSHED_UP_TO)
        shown: str | None = ledger.fact(connection, _SHOWN)
        return (pushed, shown) != (log.last_number(connection), version)
