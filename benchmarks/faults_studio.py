"""The small Label Studio of the tests as a real server, which keeps all it has in a file.

What was asked of it is in the file before the answer goes out, as with the real one's database, so
it can be killed at any moment. It can be told to kill a process, itself too, just before or just
after it does one of the next writes.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from tests.studio_double import STATE, WRITES, StudioDouble, create_app

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

TRAP = "/faults/trap"
"""Where a trap is set: `pid` (0: this server) dies at the `write`-th write from now on, after it is
`done` or before. The answer tells how many writes there were.
"""
_NOT_KEPT = ("watch", "requests")


@dataclass
class _Trap:
    write: int
    done: bool
    pid: int


class _OnTime(StudioDouble):
    """Its clock is this machine's, as it is with a real one."""

    def moment(self) -> str:
        """Now."""
        return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


class DurableStudio:
    """A WSGI application: the small Label Studio, its state in a file."""

    def __init__(self, place: Path) -> None:
        """Go on from what the file has, if it is there."""
        self._place = place
        self._double = _read(place)
        self._app = create_app()
        self._lock = threading.Lock()
        self._trap: _Trap | None = None
        self._writes = 0

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer one request after another."""
        with self._lock:
            answer = self._answer(Request(environ))
        return answer(environ, start)

    def _answer(self, request: Request) -> Response:
        if request.path == "/health":
            return Response('{"status": "UP"}', content_type="application/json")
        if request.path == TRAP:
            self._trap = _Trap(**json.loads(request.get_data()))
            return Response(json.dumps(self._writes), content_type="application/json")
        is_write = request.method in WRITES
        self._writes += is_write
        if is_write and self._is_sprung(done=False):
            return Response("nobody is there any more", status=503)
        answer = Response.from_app(self._app, {**request.environ, STATE: self._double})
        if is_write:
            _write(self._place, self._double)
            self._is_sprung(done=True)
        return answer

    def _is_sprung(self, *, done: bool) -> bool:
        """Kill whom the trap is for, if this is the moment; whether it was."""
        trap = self._trap
        if trap is None:
            return False
        if not done:
            trap.write -= 1
        if trap.write or trap.done is not done:
            return False
        self._trap = None
        os.kill(trap.pid or os.getpid(), signal.SIGKILL)
        return True


def _read(place: Path) -> StudioDouble:
    if not place.exists():
        return _OnTime()
    return _OnTime(**{name: _kept(told) for name, told in json.loads(place.read_bytes()).items()})


def _kept(told: Any) -> Any:
    """JSON has no numbers as keys, and no sets."""
    if isinstance(told, dict):
        return {int(key): value for key, value in told.items()}
    return set(told) if isinstance(told, list) else told


def _write(place: Path, double: StudioDouble) -> None:
    state = {one.name: getattr(double, one.name) for one in fields(double)}
    plain = {
        name: sorted(value) if isinstance(value, set) else value
        for name, value in state.items()
        if name not in _NOT_KEPT and value is not None
    }
    beside = place.with_suffix(".new")
    beside.write_text(json.dumps(plain), encoding="utf-8")
    beside.replace(place)


def main() -> None:
    """Serve on a port of this machine; what is kept stands in a file."""
    port, place = int(sys.argv[1]), Path(sys.argv[2])
    make_server("127.0.0.1", port, DurableStudio(place), threaded=True).serve_forever()


if __name__ == "__main__":
    main()
