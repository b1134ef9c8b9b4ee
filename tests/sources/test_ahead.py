import os
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from docbatch.sources import ahead
from docbatch.sources.ahead import walk_ahead
from docbatch.sources.globs import compile_globs
from docbatch.sources.walk import Window, walk

ALL = compile_globs(["**"])
ALONE = 4
SIZE = 20
FILES = 10 * SIZE


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tree")
    for number in range(FILES):
        folder = root / f"{number // 15}"
        folder.mkdir(exist_ok=True)
        (folder / f"{number}").touch()
    (root / "broken").symlink_to("nothing")
    os.mkfifo(root / "5" / "pipe")
    return root


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be a second process, and one that is soon too far ahead."""
    monkeypatch.setattr(ahead, "_cores", lambda: 2)
    monkeypatch.setattr(ahead, "PIPE", 4096)


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    started: list[subprocess.Popen[bytes]] = []
    real = subprocess.Popen

    def spy(*command: object, **options: object) -> subprocess.Popen[bytes]:
        started.append(real(*command, **options))  # type: ignore[call-overload]
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", spy)
    return started


def flat(windows: Iterator[Window]) -> Window:
    whole = Window()
    for window in windows:
        whole.found += window.found
        whole.unusable += window.unusable
    return whole


def test_a_large_tree_is_walked_to_the_same_end(tree: Path, processes: list[subprocess.Popen[bytes]]) -> None:
    assert flat(walk_ahead(tree, ALL, alone=ALONE, size=SIZE)) == flat(walk(tree, ALL))
    assert len(processes) == 1


def test_a_small_tree_costs_no_process(tree: Path, processes: list[subprocess.Popen[bytes]]) -> None:
    assert flat(walk_ahead(tree / "1", ALL, alone=ALONE, size=SIZE)) == flat(walk(tree / "1", ALL))
    assert processes == []


def test_one_core_walks_alone(
    tree: Path, processes: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "_cores", lambda: 1)
    assert flat(walk_ahead(tree, ALL, alone=ALONE, size=SIZE)) == flat(walk(tree, ALL))
    assert processes == []


def test_patterns_are_handed_over(tree: Path) -> None:
    globs = compile_globs(["**/*[02468]", "broken"], ["3/*"])
    assert flat(walk_ahead(tree, globs, alone=ALONE, size=SIZE)) == flat(walk(tree, globs))


def test_a_process_that_dies_is_not_missed(tree: Path, processes: list[subprocess.Popen[bytes]]) -> None:
    windows = walk_ahead(tree, ALL, alone=ALONE, size=SIZE)
    first = [next(windows) for _ in range(ALONE + 1)]
    processes[0].kill()
    processes[0].wait()
    assert flat(chain(first, windows)) == flat(walk(tree, ALL))


@pytest.mark.parametrize("program", ["/nonexistent", "/bin/false", "/bin/true"])
def test_a_process_that_does_not_start_is_not_missed(
    tree: Path, program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", program)
    assert flat(walk_ahead(tree, ALL, alone=ALONE, size=SIZE)) == flat(walk(tree, ALL))


def test_a_walk_given_up_leaves_no_process(tree: Path, processes: list[subprocess.Popen[bytes]]) -> None:
    windows = walk_ahead(tree, ALL, alone=ALONE, size=SIZE)
    for _ in range(ALONE + 1):
        next(windows)
    windows.close()
    assert processes[0].returncode is not None


PARENT = """
import os, sys
from pathlib import Path
from docbatch.sources import ahead
from docbatch.sources.globs import compile_globs
ahead._cores = lambda: 2
windows = ahead.walk_ahead(Path(sys.argv[1]), compile_globs(["*", "**/nothing"]), alone=2, size=1)
for _ in range(3):
    next(windows)
print(Path(f"/proc/self/task/{os.getpid()}/children").read_text(), flush=True)
next(windows)
"""


@pytest.fixture
def maze(tmp_path: Path) -> Path:
    """Three files, and folders so full of links to each other that no walk comes to an end."""
    folders = [tmp_path / "maze" / str(number) for number in range(20)]
    for folder in folders:
        folder.mkdir(parents=True)
        for other in folders:
            (folder / f"to-{other.name}").symlink_to(other)
    for name in "abc":
        (tmp_path / name).touch()
    return tmp_path


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_process_ends_with_a_parent_that_is_killed(maze: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(maze)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert alive(child)
        parent.kill()
        parent.communicate()
    deadline = time.monotonic() + 10
    while alive(child) and time.monotonic() < deadline:
        os.sched_yield()
    assert not alive(child)
