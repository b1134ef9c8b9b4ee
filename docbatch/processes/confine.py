"""What a worker does to itself before it touches a document: limits of memory, and no core file."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager


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


@contextmanager
def unlimited_memory() -> Iterator[None]:
    """Lift the limit for a while; after it, as much may be added to what is used as might have been before."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    before = _statm()
    if soft == resource.RLIM_INFINITY or before is None:
        yield
        return
    left = max(soft - before[0] * resource.getpagesize(), 0)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    try:
        yield
    finally:
        limit_memory(left)


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
