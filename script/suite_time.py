"""What tests and fixtures take of processors: a plug-in for pytest that notes it, and the tables of what was noted."""  # noqa: INP001

import json
import os
import resource
import sys
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

MOST, LEAST = 60, 0.05
"""Lines of a table, and the seconds that are worth one."""
_TICKS = os.sysconf("SC_CLK_TCK")
_NOTED: list[tuple[str, str, float]] = []


def _children(pid: int) -> Iterator[int]:
    """Yield the processes below one that still run. Linux alone says so."""
    found: list[str] = []
    # One that has just ended has no threads to look at any more.
    with suppress(OSError):
        for threads in Path(f"/proc/{pid}/task").glob("*/children"):
            found += threads.read_text().split()
    for child in map(int, found):
        yield child
        yield from _children(child)


def _spent() -> float:
    """Return the seconds of processor time of this process and of all it started, whether they have ended or not."""
    own = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    seconds = sum(each.ru_utime + each.ru_stime for each in own)
    for pid in _children(os.getpid()):
        try:
            told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        seconds += sum(map(int, told[11:15])) / _TICKS
    return seconds


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    before = _spent()
    result = yield
    _NOTED.append(("test", item.nodeid, _spent() - before))
    return result


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: Any, request: pytest.FixtureRequest) -> Generator[None, Any, Any]:
    before = _spent()
    result = yield
    where = request.node.nodeid.partition("::")[0]
    _NOTED.append(("fixture", f"{fixturedef.argname} ({fixturedef.scope}) {where}", _spent() - before))
    return result


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, Any, Any]:
    before = _spent()
    result = yield
    _NOTED.append(("collection", f"process {os.getpid()}", _spent() - before))
    return result


def pytest_sessionfinish() -> None:
    """Leave what was noted, beside what the other processes of pytest leave."""
    Path(os.environ["SUITE_TIME"], str(os.getpid())).write_text(json.dumps(_NOTED))


def main(folder: Path) -> None:
    """Print the tables."""
    tables: dict[str, Counter[str]] = {}
    for each in sorted(folder.iterdir()):
        for kind, name, seconds in json.loads(each.read_text()):
            tables.setdefault(kind, Counter())[name] += seconds
            if kind == "test":
                tables.setdefault("file", Counter())[name.partition("::")[0]] += seconds
    for kind, table in tables.items():
        print(f"\n{kind}: {table.total():.1f} s")  # noqa: T201 - it is what the script is for
        for name, seconds in table.most_common(MOST):
            if seconds < LEAST:
                break
            print(f"{seconds:8.2f}  {name}")  # noqa: T201 - as above


if __name__ == "__main__":
    main(Path(sys.argv[1]))
