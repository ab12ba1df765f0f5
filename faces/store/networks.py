"""The networks whose encodings are kept, and forgetting those of one that nobody asks any more."""

from __future__ import annotations

import sqlalchemy as sa

from faces.store import tables as t


def networks(connection: sa.Connection) -> list[str]:
    """The names of all networks of which there are encodings, sorted."""
    query = sa.select(t.encodings.c.network).distinct().order_by(t.encodings.c.network)
    return [str(network) for network in connection.scalars(query)]


def forget_network(connection: sa.Connection, network: str) -> None:
    """Remove all encodings by a network; asked again, it would give the same."""
    connection.execute(sa.delete(t.encodings).where(t.encodings.c.network == network))
