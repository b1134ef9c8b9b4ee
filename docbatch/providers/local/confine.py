"""What a worker does to itself before it touches a document: limits, a death pact with its parent, closed doors."""

import os
import resource
import signal
import sys
import threading
import time

_PR_SET_PDEATHSIG = 1


def die_with(parent: int) -> None:
    """Make this process end when its parent does, also when the parent is killed."""
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - needed once, by workers on Linux

        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    # The parent may have died before the pact was made.
    if os.getppid() != parent:
        os._exit(1)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def private_pipes() -> tuple[int, int]:
    """Move the protocol away from standard input and output, where a library's stray print would corrupt it."""
    requests, answers = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    return requests, answers


def no_core_file() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def limit_memory(extra: int) -> None:
    """Let the address space grow by `extra` bytes from what is used now; engines reserve far more than they touch."""
    pages = _statm()
    if pages:
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        wanted = pages[0] * resource.getpagesize() + extra
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def lift_memory_limit() -> None:
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def resident() -> int:
    """Return the bytes of memory this process holds, 0 where the system does not say."""
    pages = _statm()
    return pages[1] * resource.getpagesize() if pages else 0


def _statm() -> tuple[int, int] | None:
    """Return the pages of address space and of memory in use."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - called for every document
            size, used = file.read().split()[:2]
    except OSError:
        return None
    return int(size), int(used)
