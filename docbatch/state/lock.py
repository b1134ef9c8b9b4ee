"""One writer per state: a kernel lock that dies with its process and that nobody ever removes.

The lock file's content is for people only (who holds it); the lock itself is the kernel's. Python opens files
non-inheritable, so worker processes cannot keep it alive. A second file is locked beside it, where there is one: somebody
may remove the first, or put another in its place, while a run holds it.
"""

import contextlib
import errno
import fcntl
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from docbatch import invocation
from docbatch.core.errors import Interrupted, StateChanged, StateError, StateLocked
from docbatch.owner_only import FILE, close

T = TypeVar("T")
MOMENT = 1.0
SECOND = "README"
"""Lies in every state folder, and is locked as well. The folder itself is not: who reads the cache shares a lock on that."""
_LONGEST, _LONGEST_COMMAND = 4096, 200
_LOOK = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
BETWEEN_TRIES = 0.25
"""Seconds between tries: a lock that is let go wakes nobody."""
AGAIN = 60.0
"""Seconds after which it is told once more that the same owner is waited for."""
_READY: ContextVar[frozenset[Path]] = ContextVar("locks_ready", default=frozenset())


@dataclass(frozen=True, slots=True)
class LockAwaited:
    """Another run holds the lock: who, as a phrase, and for how many seconds more it is waited for at most."""

    owner: str
    seconds: float


@dataclass(slots=True)
class LockPatience:
    """Waits for `seconds` in all, from the first time that a lock is found taken, and calls `tell` at once and now and then.

    `is_ended` is asked at each look; where it says True, the wait ends with Interrupted.
    """

    seconds: float
    tell: Callable[[LockAwaited], object]
    is_ended: Callable[[], bool] = lambda: False
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep
    _until: float | None = field(default=None, init=False)
    _told: tuple[str, float] | None = field(default=None, init=False)

    def wait(self, owner: str) -> bool:
        """Wait for a moment; return False where the time is up. Raises Interrupted."""
        now = self.monotonic()
        self._until = now + self.seconds if self._until is None else self._until
        if self.is_ended():
            raise Interrupted(
                f"ended while the state was locked by {owner}",
                hint="nothing was done; run the same command again",
            )
        left = self._until - now
        if left <= 0:
            return False
        if self._told is None or self._told[0] != owner or now - self._told[1] >= AGAIN:
            self._told = (owner, now)
            self.tell(LockAwaited(owner, left))
        self.sleep(min(BETWEEN_TRIES, left))
        return True


_PATIENCE: ContextVar[LockPatience | None] = ContextVar("lock_patience", default=None)


def begun_anew(patience: LockPatience, call: Callable[[], T]) -> T:
    """Call what may find that another run was quicker, anew as long as there is patience for it. Raises StateChanged, Interrupted."""
    while True:
        try:
            return call()
        except StateChanged:
            if not patience.wait("another run"):
                raise


@contextlib.contextmanager
def patiently(patience: LockPatience) -> Iterator[None]:
    """Have all that takes a lock in the block wait for it."""
    token = _PATIENCE.set(patience)
    try:
        yield
    finally:
        _PATIENCE.reset(token)


def current_patience() -> LockPatience | None:
    """Return what waits for locks here, None where nothing does."""
    return _PATIENCE.get()


@contextlib.contextmanager
def hold(path: Path) -> Iterator[None]:
    """Hold the lock for the block; what is `kept_ready` around it is taken over.

    Raises StateLocked, naming the owner, when another process has it, after waiting where somebody has the patience for that;
    StateError.
    """
    ready = _READY.get()
    if path in ready:
        # Who holds it is there once only: another one inside is locked out, as everybody is.
        token = _READY.set(ready - {path})
        try:
            yield
        finally:
            _READY.reset(token)
        return
    with contextlib.ExitStack() as held:
        try:
            descriptor = _patiently(path, held)
        except OSError as error:
            raise StateError(
                f"{path}: cannot be written: {error.strerror}",
                hint="nothing was done; make room in the state folder or make it writable, or run 'docbatch plan', which only reads",
            ) from error
        try:
            yield
        finally:
            # Who held it is for people only, and is not believed of a process that is gone.
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, 0)


@contextlib.contextmanager
def kept_ready(path: Path) -> Iterator[None]:
    """Hold the lock for whoever takes it in the block, so that nobody comes between. Raises as `hold` does."""
    with hold(path):
        token = _READY.set(_READY.get() | {path})
        try:
            yield
        finally:
            _READY.reset(token)


def _patiently(path: Path, held: contextlib.ExitStack) -> int:
    """Lock both files, which `held` lets go; return the descriptor of the first. Raises as `hold` does, and OSError."""
    patience = current_patience()
    while True:
        with contextlib.ExitStack() as taken:
            try:
                second = _locked_second(path)
                if second is not None:
                    taken.callback(os.close, second)
                descriptor = _locked(path)
            except StateLocked:
                taken.close()
                if patience is None or not patience.wait(owner(path) or "another run"):
                    raise
            else:
                taken.callback(os.close, descriptor)
                held.push(taken.pop_all())
                return descriptor


def _locked_second(path: Path) -> int | None:
    """Lock the second file; None where it cannot be opened, or there is none. Raises OSError, StateLocked, StateError."""
    try:
        descriptor = os.open(path.with_name(SECOND), _LOOK)
    except OSError:
        return None
    try:
        _acquire(descriptor, path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _locked(path: Path) -> int:
    """Open the file, lock it and sign it. Raises OSError, StateLocked, StateError."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, FILE)
        try:
            close(descriptor)
            _acquire(descriptor, path)
            if _is_still(descriptor, path):
                _sign(descriptor)
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        # Another file lies there by now, and may be locked by another run.
        os.close(descriptor)


def _is_still(descriptor: int, path: Path) -> bool:
    """Say whether the file that is locked is the one that others would lock."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False


def _acquire(descriptor: int, path: Path) -> None:
    try:
        _try(descriptor, path)
    except BlockingIOError:
        raise StateLocked(
            f"the state is locked by {owner(path) or 'another run'}",
            hint="wait for it to finish; a lock ends with its process, there is nothing to remove",
        ) from None
    except OSError as error:
        if error.errno in {errno.ENOLCK, errno.ENOTSUP}:
            raise StateError(
                f"{path}: this file system offers no locks, so two runs could pay for the same documents",
                hint="keep the project's .docbatch folder on a local disk",
            ) from error
        raise


def _try(descriptor: int, path: Path) -> None:
    """Take the lock.

    It may be kept for a moment longer than by its owner: by a child that a killed one was just starting, or by who only
    looks whether it is held.
    """
    patience = time.monotonic() + MOMENT
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if _lives(path) or time.monotonic() > patience:
                raise
            time.sleep(0.01)
        else:
            return


def _lives(path: Path) -> bool:
    """Say whether the process that signed the lock is there, as far as this host can tell. Unsigned, it is nobody's."""
    try:
        text = _signature(path)
        if not text:
            return False
        signed = json.loads(text)
        os.kill(int(signed["pid"]), 0)
    except ProcessLookupError:
        return bool(signed["host"] != socket.gethostname())
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return True
    return True


def _sign(descriptor: int) -> None:
    started = datetime.now(UTC).isoformat(timespec="seconds")
    command = invocation.current()[:_LONGEST_COMMAND]
    signed = {"pid": os.getpid(), "host": socket.gethostname(), "started": started, "command": command}
    text = json.dumps(signed)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, text.encode(), 0)


def _signature(path: Path) -> bytes:
    """Return what the lock file says, or the beginning of it: what is longer was not written by us. Raises OSError."""
    with path.open("rb") as stream:
        return stream.read(_LONGEST)


def owner(path: Path) -> str | None:
    """Return who signed the lock file, as a phrase; None when nobody did."""
    try:
        signed = json.loads(_signature(path))
        command = f" ({signed['command']})" if "command" in signed else ""
        return f"process {int(signed['pid'])} on {signed['host']}, since {signed['started']}{command}"
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def held_since(path: Path) -> float | None:
    """Return since when (wall time) a living process holds the lock, None where none does: it signs the file when it begins."""
    try:
        return path.stat().st_mtime if is_held(path) else None
    except OSError:
        return None


def is_held(path: Path) -> bool:
    """Say whether a living process holds the lock at this moment."""
    return _is_locked(path) or _is_locked(path.with_name(SECOND))


def _is_locked(path: Path) -> bool:
    try:
        descriptor = os.open(path, _LOOK)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)
