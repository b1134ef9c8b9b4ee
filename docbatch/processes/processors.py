"""How many processors this process may use: of the machine, and of what its container is allowed."""

import math
import os
from collections.abc import Iterator
from pathlib import Path


def available(root: Path = Path("/")) -> int:
    """Return how many processors may be used at once, a part of one counted as one. The system's files lie below `root`."""
    machine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        allowed = [math.ceil(quota) for group in _groups(root) for quota in _quotas(group)]
    except (OSError, ValueError, ArithmeticError):
        # There are no control groups here, or they are of a kind that is not known yet.
        allowed = []
    return max(1, min([machine, *allowed]))


def _groups(root: Path) -> Iterator[Path]:
    """Yield the control groups that may bound this process's processors: those it is in, and all above that are seen here."""
    names = {}
    for line in (root / "proc/self/cgroup").read_text().splitlines():
        _, controllers, name = line.split(":", 2)
        if not controllers or "cpu" in controllers.split(","):
            names["cgroup" if controllers else "cgroup2"] = name
    for line in (root / "proc/self/mountinfo").read_text().splitlines():
        place, _, system = line.partition(" - ")
        kind, _, options = system.split(" ", 2)
        if kind in names and (kind == "cgroup2" or "cpu" in options.split(",")):
            above, top = place.split(" ")[3:5]
            yield from _upwards(root / top.lstrip("/"), names[kind].removeprefix(above.rstrip("/")))


def _upwards(top: Path, name: str) -> Iterator[Path]:
    parts = Path(name.lstrip("/")).parts
    # A group outside of what is mounted here is not seen; its name then leads upwards.
    for depth in range(0 if ".." in parts else len(parts), -1, -1):
        yield top.joinpath(*parts[:depth])


def _quotas(group: Path) -> Iterator[float]:
    """Yield the processors' time that a group is given, in processors, where it is bounded."""
    for names in (("cpu.max",), ("cpu.cfs_quota_us", "cpu.cfs_period_us")):
        if all((group / name).is_file() for name in names):
            quota, period = " ".join((group / name).read_text() for name in names).split()
            if quota not in {"max", "-1"}:
                yield float(quota) / float(period)
