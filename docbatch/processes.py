"""Processes beside this one: how many are worth having, and what they are told of this machine."""

import os
from collections.abc import Sequence
from pathlib import Path

import docbatch


def slots() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def environment(search: Sequence[str] = ()) -> dict[str, str]:
    """Return what a process that reads strangers' bytes needs to know: no secret and no program to start."""
    own = str(Path(docbatch.__file__).parents[1])
    inherited = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR", "SYSTEMROOT")
    return {name: os.environ[name] for name in inherited if name in os.environ} | {
        "LANG": "C.UTF-8",
        "PATH": "/nonexistent",
        "HOME": "/nonexistent",
        "PYTHONPATH": os.pathsep.join((own, *search)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "MALLOC_ARENA_MAX": "2",
    }
