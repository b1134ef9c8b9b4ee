"""Whether a process of this machine has a file open for writing, as far as the system tells who asks."""

import contextlib
import fcntl
import os
import signal
import stat

_SET_LEASE = getattr(fcntl, "F_SETLEASE", None)
_SET_SIGNAL = getattr(fcntl, "F_SETSIG", None)
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def is_written(path: bytes) -> bool:
    """Say whether a file is open for writing; False where the system does not tell. A file server may refuse whatever is so.

    A lease to read is given to nobody while somebody writes (fcntl(2)), and only to the file's owner or root. It is given
    back at once; who opens the file in that moment waits for it, and the signal that tells us of that is one that is ignored.
    """
    if _SET_LEASE is None or _SET_SIGNAL is None:
        return False
    try:
        handle = os.open(path, _FLAGS)
    except OSError:
        return False
    try:
        return stat.S_ISREG(os.fstat(handle).st_mode) and _is_refused(handle)
    finally:
        os.close(handle)


def _is_refused(handle: int) -> bool:
    assert _SET_LEASE is not None
    assert _SET_SIGNAL is not None
    try:
        fcntl.fcntl(handle, _SET_SIGNAL, signal.SIGURG)
        fcntl.fcntl(handle, _SET_LEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    with contextlib.suppress(OSError):
        fcntl.fcntl(handle, _SET_LEASE, fcntl.F_UNLCK)
    return False
