"""A Ray cluster as a pool: tasks go to the driver, a process of its own, and answers come back in any order.

Whatever becomes of the cluster, a task that has no answer is asked for again, of the same cluster or of the next driver.
"""

import importlib.util
import os
import secrets
import shutil
import tempfile
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from subprocess import PIPE

from docbatch.core.errors import NotAnswering, ProviderError, Unavailable
from docbatch.processes import processors
from docbatch.processes.child import Child, environment
from docbatch.processes.frames import NONSENSE, Frame
from docbatch.providers.kind import Settings
from docbatch.providers.local.messages import Answer, Task
from docbatch.providers.local.on_ray.address import checked
from docbatch.providers.local.on_ray.conversation import (
    ClusterIdle,
    ClusterLost,
    ClusterRemark,
    ClusterSettings,
    ClusterSize,
    ClusterUnfit,
    begin_frame,
    cancel_frame,
    pieces,
    read_ended,
    read_news,
    tasks_frame,
)
from docbatch.providers.local.pool import CATALOGUE
from docbatch.providers.local.reading_pool import TaskOutcome

_MODULE = "docbatch.providers.local.on_ray.driver"
_CONNECTS_WITHIN = 90.0
_ENDS_WITHIN = 6.0
_PAUSES = (1.0, 5.0, 15.0, 30.0)
_TAIL = 2048
_LONGEST_CAUSE = 300
# As the pool of one machine has it.
_MANY = 512
_FEW_LEFT = 16
_EXTRA = "pip install 'docbatch[ray]', then run the same command again; nothing was sent"
_AGAIN = "nothing was lost; see to the cluster and run the same command again"
_PASSED_ON = ("RAY_", "GRPC_")
"""Variables that tell Ray how to reach a cluster: its certificates and its token. No other secret is passed on."""


class RayPool:
    """Has tasks read on a cluster.

    `address` is None for a cluster of this machine, which ends with the pool. `wake` is called, from a thread of the pool, when
    something has ended or there is something to tell.
    """

    def __init__(
        self,
        wake: Callable[[], None],
        *,
        address: str | None,
        workers: int | None,
        catalogue: str = CATALOGUE,
        search: Sequence[str] = (),
        variables: Mapping[str, str] = os.environ,
    ) -> None:
        self._wake = wake
        self._folder = tempfile.mkdtemp(prefix="docbatch-ray-")
        self._settings = ClusterSettings(address, workers, self._folder, catalogue, search)
        self._env = _environment(variables, search) | (_own_cluster() if address is None else {})
        self._lock = threading.Lock()
        self._open: dict[str, Task] = {}
        self._ended: list[TaskOutcome] = []
        self._remarks: list[str] = []
        self._driver: _Driver | None = None
        self._is_connected = self._was_connected = False
        self._trouble: str | None = None
        self._fault: ProviderError | None = None
        self._closing = threading.Event()
        self._width = workers or 1
        self._thread = threading.Thread(target=self._run, name="docbatch-ray-pool", daemon=True)
        self._thread.start()

    @property
    def width(self) -> int:
        return self._width

    def submit(self, tasks: Iterable[Task]) -> None:
        added = list(tasks)
        with self._lock:
            self._open.update((task.id, task) for task in added)
            if self._is_connected:
                self._send(map(tasks_frame, pieces(added)))

    def drain(self) -> list[TaskOutcome]:
        """Return what ended since the last call.

        Raises Unavailable while the cluster reads nothing, NotAnswering when it was never there, and another ProviderError when
        it cannot be used.
        """
        with self._lock:
            ended, self._ended = self._ended, []
            fault, trouble = self._fault, self._trouble
        if ended:
            return ended
        if fault is not None:
            raise fault
        if trouble is not None and not self._was_connected:
            raise NotAnswering(self._not_there(trouble), hint=_AGAIN)
        if trouble is not None:
            reason = self._not_there(trouble)
            raise Unavailable(reason, hint=_AGAIN, cause=reason[:_LONGEST_CAUSE], general=True)
        return []

    def remark(self) -> str:
        with self._lock:
            remarks, self._remarks = self._remarks, []
        return "; ".join(dict.fromkeys(remarks))

    def cancel(self, ids: Collection[str]) -> None:
        with self._lock:
            known = [id_ for id_ in ids if id_ in self._open]
            if known and self._is_connected:
                self._send([cancel_frame(known)])

    def pids(self) -> list[int]:
        """Return the id of the driver; the readers are processes of the nodes."""
        driver = self._driver
        return [] if driver is None else [driver.pid]

    def close(self) -> None:
        """Leave the cluster. What has not ended is dropped."""
        self._closing.set()
        with self._lock:
            driver, connected = self._driver, self._is_connected
            if driver is not None:
                if connected:
                    # The end of its requests has the driver leave the cluster in order.
                    driver.requests.close()
                else:
                    driver.kill()
        self._thread.join(_ENDS_WITHIN)
        if self._thread.is_alive() and driver is not None:
            driver.kill()
            self._thread.join()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _send(self, frames: Iterable[Frame]) -> None:
        """Ask the driver for something, with the lock held. One that is gone leaves it to the next."""
        if self._driver is None or self._closing.is_set():
            return
        for frame in frames:
            with suppress(BrokenPipeError):
                self._driver.give_all((), frame)

    # The rest runs in the pool's thread. The driver has to be started there: it is asked and heard for as long as that runs.

    def _run(self) -> None:
        failures = 0
        while not self._closing.is_set() and self._fault is None:
            reason = self._with_driver()
            with self._lock:
                failures = 0 if self._is_connected else failures + 1
                self._is_connected = False
                self._trouble = reason
            self._wake()
            if not self._was_connected or self._fault is not None:
                return
            self._closing.wait(_PAUSES[min(failures, len(_PAUSES) - 1)])

    def _with_driver(self) -> str:
        """Have a driver at work until it ends, and return why it did."""
        if not _has_ray():
            self._fault = ProviderError("on: ray needs Ray, which is not installed here", hint=_EXTRA)
            return self._fault.message
        driver = _Driver(self._env)
        with self._lock:
            self._driver = driver
        timer = threading.Timer(_CONNECTS_WITHIN, driver.kill)
        timer.daemon = True
        timer.start()
        reason = ""
        try:
            driver.give_all((), begin_frame(self._settings))
            while True:
                reason = self._heard(driver) or reason
                if driver.is_ready:
                    timer.cancel()
        except EOFError:
            pass
        except (*NONSENSE, OSError) as error:
            reason = f"its driver makes no sense: {error}"
        finally:
            late = not timer.is_alive() and not driver.is_ready
            timer.cancel()
            with self._lock:
                self._driver = None
            driver.kill()
            with suppress(OSError):
                driver.end()
        if late and not reason:
            return f"it did not answer within {_CONNECTS_WITHIN:g} seconds"
        return reason or driver.last_words() or "the process that spoke with it ended"

    def _note_ready(self, driver: "_Driver") -> None:
        if not driver.is_ready or self._is_connected:
            return
        with self._lock:
            self._is_connected = self._was_connected = True
            self._trouble = None
            self._send(map(tasks_frame, pieces(list(self._open.values()))))

    def _heard(self, driver: "_Driver") -> str:
        """Take in what the driver said; return why it ends, where it said that."""
        reason = ""
        for frame in driver.arrived():
            # What the driver says behind that it is ready is of later.
            self._note_ready(driver)
            if (ended := read_ended(frame)) is None:
                reason = self._told(frame) or reason
            else:
                self._end(*ended)
        self._note_ready(driver)
        with self._lock:
            is_awaited = len(self._ended) >= _MANY or len(self._open) <= _FEW_LEFT * self._width
        if is_awaited:
            self._wake()
        return reason

    def _end(self, id_: str, answer: Answer) -> None:
        with self._lock:
            task = self._open.pop(id_, None)
            if task is not None:
                self._ended.append(TaskOutcome(task, answer))

    def _told(self, frame: Frame) -> str:
        match read_news(frame):
            case ClusterSize(width):
                self._width = max(width, 1)
            case ClusterRemark(text):
                with self._lock:
                    self._remarks.append(text)
            case ClusterIdle(reason):
                with self._lock:
                    self._trouble = reason or None
            case ClusterLost(reason):
                return reason
            case ClusterUnfit(reason, hint):
                self._fault = ProviderError(self._not_there(reason), hint=hint)
                return reason
        return ""

    def _not_there(self, reason: str) -> str:
        address = self._settings.address
        place = "the Ray cluster of this machine" if address is None else f"the Ray cluster at {address}"
        return f"{place} cannot be used: {reason}"


def pools_of(address: str | None, settings: Settings) -> Callable[[Callable[[], None]], RayPool]:
    """Return what makes pools of a connection's cluster. Raises UsageError for an address that is none."""
    workers = settings.workers
    if address is None:
        workers = workers or processors.available()
    else:
        address = checked(address)
    return partial(RayPool, address=address, workers=workers, variables=settings.variables)


class _Driver(Child[None]):
    """The driver's process, and the end of what it says on standard error, where Ray tells its own troubles."""

    def __init__(self, env: Mapping[str, str]) -> None:
        super().__init__((_MODULE,), env, PIPE)
        self._tail = b""
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self._process.stderr
        with self._process.stderr as stream:
            while chunk := os.read(stream.fileno(), _TAIL):
                self._tail = (self._tail + chunk)[-_TAIL:]

    def last_words(self) -> str:
        """Return the last line of that, once the process has ended."""
        self._listener.join(1.0)
        return self._tail.decode("utf-8", "replace").strip().rpartition("\n")[2]


def _has_ray() -> bool:
    return importlib.util.find_spec("ray") is not None


def _own_cluster() -> dict[str, str]:
    """Return what keeps a cluster of this machine on it: it listens on loopback, and whoever speaks with it knows a token."""
    return {
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
    }


def _environment(variables: Mapping[str, str], search: Sequence[str]) -> dict[str, str]:
    passed = {name: value for name, value in variables.items() if name.startswith(_PASSED_ON)}
    passed.pop("RAY_ADDRESS", None)
    # Ray looks for a token in the home folder, and starts processes by path.
    told = {name: variables[name] for name in ("HOME", "PATH") if name in variables}
    return {**environment(search), **told, **passed, "RAY_USAGE_STATS_ENABLED": "0"}
