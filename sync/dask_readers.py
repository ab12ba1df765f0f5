"""Photos read by the workers of a Dask cluster, any of which may be lost without harm."""

from __future__ import annotations

import hashlib
import logging
import socket
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

from faces.errors import SetupError
from faces.reading import FaceReader, ReadingOptions, face_reader
from sync.reader_processes import without_ctrl_c
from sync.readings import Reading, Task, TooLarge, read_task
from sync.storage import place_shown

if TYPE_CHECKING:
    import distributed

LOCAL = "local"
"""The address that means: start a cluster on this machine, to try it."""

_TASKS_EACH = 2
_LOOK_EVERY_S = 2.0
_PATIENCE_S = 60.0
"""How long no worker may be there before the run ends."""
_CONNECT_S = 10


class DaskReaders:
    """The workers of one cluster, each thread of which reads a photo at a time.

    Dask gives the photos of a lost worker to others. Where it gives up, as four workers were lost,
    it cannot say which of their photos was to blame: each is tried once more while no other is read
    by us, and then refused. Each is answered once, however often it was begun.
    """

    at_once = 1

    def __init__(self, scheduler: str, options: ReadingOptions, *, jobs: int) -> None:
        """Note the address; `jobs` is how many workers a local cluster has."""
        self._scheduler = scheduler
        self._options = options
        self._jobs = jobs
        self._open = ExitStack()
        self._run = uuid4().hex[:8]
        self._numbers = count()
        self._under_way: dict[distributed.Future[Any], Task] = {}
        self._suspects: deque[Task] = deque()
        self._last_chance: Task | None = None
        self._done: SimpleQueue[distributed.Future[Any]] = SimpleQueue()

    def __enter__(self) -> Self:
        """Connect, and make sure that the workers run this very code.

        Raises:
            SetupError: Dask is not installed, nobody answers, or a worker has another faceloop.
        """
        with ExitStack() as opened:
            self._client = opened.enter_context(connected(self._scheduler, jobs=self._jobs))
            self.at_once = _TASKS_EACH * self._threads()
            self._open = opened.pop_all()
        return self

    def __exit__(self, *_error: object) -> None:
        """Take back what is not done, and leave the cluster to others."""
        self._client.cancel(list(self._under_way))
        self._open.close()

    def submit(self, task: Task) -> None:
        """Have a photo read by some worker."""
        key = f"faceloop-{self._run}-{next(self._numbers)}"
        future = self._client.submit(
            read_on_worker, task, self._options, code_digest(), key=key, pure=False
        )
        self._under_way[future] = task
        future.add_done_callback(self._done.put)

    def next_done(self) -> tuple[Task, Reading | TooLarge]:
        """Wait for the next photo that is done.

        Raises:
            SetupError: the scheduler or all workers are gone, or a worker cannot read photos.
        """
        import distributed

        while True:
            if not self._under_way:
                self._last_chance = self._suspects.popleft()
                self.submit(self._last_chance)
            future = self._next_future()
            task = self._under_way.pop(future)
            try:
                answer: Reading | TooLarge = future.result()
            except distributed.KilledWorker:
                if task is self._last_chance:
                    return task, _refused(task)
                self._suspects.append(task)
            except distributed.CancelledError as error:
                raise SetupError(self._lost()) from error
            except ImportError as error:  # of a worker that came later
                raise SetupError(self._without_code(error)) from error
            else:
                return task, answer

    def _next_future(self) -> distributed.Future[Any]:
        """The next future that is done.

        Raises:
            SetupError: for a minute there was no worker, or the scheduler is gone.
        """
        waited_s = 0.0
        while waited_s < _PATIENCE_S:
            try:
                return self._done.get(timeout=_LOOK_EVERY_S)
            except Empty:
                waited_s = 0.0 if self._client.nthreads() else waited_s + _LOOK_EVERY_S
        raise SetupError(
            f"no worker is left at {self._scheduler}; start some and run again: "
            "what was read is kept"
        )

    def _threads(self) -> int:
        """How many photos the workers read at the same time, all together.

        Raises:
            SetupError: there is no worker, or one that runs other code than this process; or the
                scheduler has none of it.
        """
        try:
            self._client.run_on_scheduler(code_digest)  # tasks go through its hands
            found = self._client.run(code_digest)
        except Exception as error:  # whatever one without our code says
            raise SetupError(self._without_code(error)) from error
        for worker, digest in found.items():
            if digest != code_digest():
                raise SetupError(_other_code(worker))
        if not found:
            raise SetupError(
                f"no worker at {self._scheduler}; start some: dask worker {self._scheduler}"
            )
        return sum(self._client.nthreads().values())

    def _without_code(self, error: Exception) -> str:
        return (
            f"the scheduler or a worker at {self._scheduler} has no faceloop that could be used "
            f"({error}); install this version of it on all of them"
        )

    def _lost(self) -> str:
        return (
            f"the scheduler {self._scheduler} is gone; what was read is kept: run again once it "
            "is back"
        )


def _refused(task: Task) -> Reading:
    """The answer for a photo that was tried often enough."""
    return Reading(
        task.file,
        refused=f"{place_shown(task.file)} ended every worker that read it, probably for want of "
        "memory; shrink it",
    )


@contextmanager
def connected(scheduler: str, *, jobs: int) -> Iterator[distributed.Client]:
    """A connection to the cluster at this address, or to one started for this once.

    Raises:
        SetupError: Dask is not installed, or nobody answers at this address.
    """
    try:
        import distributed
    except ImportError as error:
        raise SetupError(
            "photos can be read by other machines once Dask is installed: "
            "pip install 'faceloop[dask]'"
        ) from error
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what goes wrong is told by us
    with ExitStack() as opened:
        address = scheduler
        if scheduler == LOCAL:
            with without_ctrl_c():  # its threads and workers end when they are told to
                cluster = local_cluster(jobs)
            address = opened.enter_context(cluster).scheduler_address
        try:
            _see_address(address)
            client = distributed.Client(address, timeout=_CONNECT_S, set_as_default=False)
        except (OSError, ValueError, RuntimeError) as error:
            raise SetupError(
                f"no Dask scheduler answers at {scheduler} ({error}); start one: dask scheduler"
            ) from error
        yield opened.enter_context(client)


def _see_address(address: str) -> None:
    """Refuse an address that no client can use: a client that does lets the program end late.

    Raises:
        ValueError: it is not complete, or asks for certificates that Dask was not told of.
    """
    import distributed
    from distributed.comm.addressing import get_address_host_port

    get_address_host_port(address)
    certificates = distributed.Security().get_connection_args("client")["ssl_context"]
    if address.startswith(("tls://", "wss://")) and certificates is None:
        raise ValueError("Dask's configuration names no certificates")


def local_cluster(workers: int) -> distributed.LocalCluster:
    """A cluster on this machine that nobody else can reach, and without a dashboard."""
    import distributed

    return distributed.LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        # None would take port 8787, and warn when that is taken.
        dashboard_address="127.0.0.1:0",
        scheduler_kwargs={"dashboard": False},
        worker_dashboard_address=None,
        silence_logs=logging.CRITICAL,
    )


def read_on_worker(task: Task, options: ReadingOptions, digest: str) -> Reading | TooLarge:
    """What a worker does with a task.

    Raises:
        SetupError: its code is not ours, or it lacks the weights of the networks.
    """
    if digest != code_digest():
        raise SetupError(_other_code(socket.gethostname()))
    return read_task(task, _reader(options))


def _other_code(worker: str) -> str:
    return (
        f"the worker {worker} runs another version of faceloop; install the same one on every "
        "worker and start them again: what was read is kept"
    )


_LOADING = threading.Lock()


def _reader(options: ReadingOptions) -> FaceReader:
    """What reads photos in this worker; loaded once, shared by its threads."""
    with _LOADING:
        return _loaded(options)


@cache
def _loaded(options: ReadingOptions) -> FaceReader:
    return face_reader(options, threads=1)


@cache
def code_digest() -> str:
    """A digest of the code that reads photos: other code could give other numbers."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for package in (here.with_name("faces"), here):
        for path in sorted(package.rglob("*.py")):
            digest.update(str(path.relative_to(here.parent)).encode() + path.read_bytes())
    return digest.hexdigest()
