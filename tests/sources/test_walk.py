import inspect
import os
import socket
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from docbatch.core.errors import GuardRefused
from docbatch.core.models import FailureClass
from docbatch.sources.globs import compile_globs
from docbatch.sources.walk import Reach, look_up, walk

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
ALL = compile_globs(["**"], hidden=True)


def put(root: Path, *paths: str | bytes) -> None:
    for path in paths:
        place = Path(os.fsdecode(bytes(root) + b"/" + os.fsencode(path)))
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"x")


def found(root: Path, *include: str) -> list[bytes]:
    globs = compile_globs(include) if include else ALL
    return [entry[0] for window in walk(root, globs) for entry in window.found]


def unusable(root: Path) -> dict[bytes, FailureClass]:
    return {each.path: each.failure.kind for window in walk(root, ALL) for each in window.unusable}


names = st.binary(min_size=1, max_size=3).filter(
    lambda name: not {0, ord("/")} & set(name) and name != b".." != name
)
trees = st.sets(
    st.lists(names.filter(lambda name: name != b"."), min_size=1, max_size=4).map(b"/".join), max_size=12
)


def planted(root: Path, paths: set[bytes]) -> list[bytes]:
    kept = []
    for path in sorted(paths):
        try:
            put(root, path)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            continue
        kept.append(path)
    return kept


@patient
@given(
    trees | st.sets(st.sampled_from([b"a", b"a-", b"a.b", b"a/b", b"a/b/c", b"a0", b"a-/c", b"a.b/c"])),
    st.integers(1, 5),
)
def test_the_stream_is_in_byte_order_of_whole_paths(paths: set[bytes], size: int) -> None:
    with TemporaryDirectory() as folder:
        kept = planted(Path(folder), paths)
        windows = list(walk(Path(folder), ALL, size=size))
    assert [entry[0] for window in windows for entry in window.found] == sorted(kept)
    assert all(0 < len(window.found) <= size for window in windows)


@patient
@given(trees, st.binary(max_size=4))
def test_a_walk_resumed_after_a_path_finds_what_is_greater(paths: set[bytes], after: bytes) -> None:
    with TemporaryDirectory() as folder:
        kept = planted(Path(folder), paths)
        rest = [entry[0] for window in walk(Path(folder), ALL, after=after) for entry in window.found]
    assert rest == sorted(path for path in kept if path > after)


def test_a_file_is_told_by_its_path_and_status(tmp_path: Path) -> None:
    put(tmp_path, "in/a.pdf")
    status = (tmp_path / "in/a.pdf").stat()
    (window,) = walk(tmp_path, ALL)
    times = (status.st_mtime_ns, status.st_ctime_ns)
    assert window.found == [(b"in/a.pdf", 1, *times, status.st_ino, status.st_dev, status.st_mode)]
    assert window.unusable == []


def test_hidden_files_are_off_by_default(tmp_path: Path) -> None:
    put(tmp_path, "a", ".b", ".git/c")
    assert found(tmp_path, "**") == [b"a"]


def test_names_that_are_not_text_survive(tmp_path: Path) -> None:
    put(tmp_path, b"\xff\xfe/caf\xe9", b"new\nline")
    assert found(tmp_path) == [b"new\nline", b"\xff\xfe/caf\xe9"]


def test_a_linked_file_is_found_under_both_paths(tmp_path: Path) -> None:
    put(tmp_path, "a")
    (tmp_path / "b").symlink_to("a")
    (first, second) = [entry for window in walk(tmp_path, ALL) for entry in window.found]
    assert (first[0], second[0]) == (b"a", b"b")
    assert first[1:] == second[1:]


def test_a_linked_folder_is_entered(tmp_path: Path) -> None:
    put(tmp_path, "x/a")
    (tmp_path / "y").symlink_to("x")
    assert found(tmp_path) == [b"x/a", b"y/a"]


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    put(tmp_path, "x/a", "z/b")
    (tmp_path / "x/up").symlink_to("..")
    (tmp_path / "x/self").symlink_to(".")
    (tmp_path / "z/x").symlink_to("../x")
    assert found(tmp_path) == [b"x/a", b"z/b", b"z/x/a"]


def test_a_link_to_nothing_and_one_to_itself_are_unreadable(tmp_path: Path) -> None:
    (tmp_path / "broken").symlink_to("nothing")
    (tmp_path / "knot").symlink_to("knot")
    assert unusable(tmp_path) == {b"broken": FailureClass.UNREADABLE, b"knot": FailureClass.UNREADABLE}


def test_links_out_of_reach_are_named_in_their_places(tmp_path: Path) -> None:
    put(tmp_path, "in/b", "in/d/x", "out/y")
    for name, to in (("a", "../out/y"), ("c", "../out"), ("e", "b"), ("f", "d"), ("g", "../out/none")):
        (tmp_path / "in" / name).symlink_to(to)
    reach = Reach(bytes(tmp_path / "in"))
    windows = list(walk(tmp_path / "in", ALL, reach=reach, size=2))

    assert [entry[0] for window in windows for entry in window.found] == [b"b", b"d/x", b"e", b"f/x"]
    assert [each.path for window in windows for each in window.unusable] == [b"a", b"c/", b"g"]
    (few,) = look_up(tmp_path / "in", ALL, [b"a", b"b", b"c/y", b"f/x"], reach=reach)
    assert [entry[0] for entry in few.found] == [b"b", b"f/x"]
    assert [each.path for each in few.unusable] == [b"a", b"c/y"]


def test_a_chain_of_links_without_end_is_out_of_reach(tmp_path: Path) -> None:
    for number in range(3_000):
        (tmp_path / f"{number:04}").symlink_to(f"{number + 1:04}")
    (window, *_) = walk(tmp_path, ALL, reach=Reach(bytes(tmp_path)))
    assert not window.found


def test_other_file_systems_are_entered_but_for_the_kernels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "a", "mounted/b")
    mounted = (tmp_path / "mounted").stat().st_ino
    seen = os.stat

    def stat(path: str | bytes, **named: Any) -> Any:
        found = seen(path, **named)
        if found.st_ino != mounted:
            return found
        return SimpleNamespace(st_dev=found.st_dev + 1, st_ino=found.st_ino, st_mode=found.st_mode)

    monkeypatch.setattr(os, "stat", stat)
    assert found(tmp_path) == [b"a", b"mounted/b"]
    (window,) = walk(tmp_path, ALL, reach=Reach(mounts=False))
    assert [each.path for each in window.unusable] == [b"mounted/"]
    monkeypatch.setattr("docbatch.sources.walk.is_of_the_kernel", lambda *_: True)
    (window,) = walk(tmp_path, ALL)
    assert [each.path for each in window.unusable] == [b"mounted/"]


def test_special_files_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        (window,) = walk(tmp_path, ALL)
    assert [(each.path, each.failure.message) for each in window.unusable] == [
        (b"pipe", "is a named pipe, not a regular file"),
        (b"socket", "is a socket, not a regular file"),
    ]


def test_a_folder_that_cannot_be_listed_is_told_with_a_final_slash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "a", "closed/b", "open/c")
    scandir = os.scandir

    def refuse(path: bytes) -> object:
        if path.endswith(b"closed/"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    # The superuser, who may be running this, is refused nothing.
    monkeypatch.setattr(os, "scandir", refuse)
    assert unusable(tmp_path) == {b"closed/": FailureClass.UNREADABLE}
    assert found(tmp_path) == [b"a", b"open/c"]
    (rest,) = walk(tmp_path, ALL, after=b"closed/")
    assert (rest.unusable, rest.found[-1][0]) == ([], b"open/c")


def test_a_path_beyond_the_systems_limit_is_told_and_does_not_stop_the_walk(tmp_path: Path) -> None:
    put(tmp_path, "z")
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=here)
        deeper = os.open("d" * 250, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(here)
    assert set(unusable(tmp_path).values()) == {FailureClass.UNREADABLE}
    assert found(tmp_path) == [b"z"]


def test_more_levels_are_walked_than_calls_can_be_nested(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    deep = "/".join(["d"] * 300)
    put(tmp_path, f"{deep}/a")
    request.addfinalizer(partial(sys.setrecursionlimit, sys.getrecursionlimit()))
    sys.setrecursionlimit(len(inspect.stack()) + 100)
    assert found(tmp_path) == [f"{deep}/a".encode()]


def test_a_file_removed_during_the_walk_is_no_fault(tmp_path: Path) -> None:
    put(tmp_path, "a/x", "b/y")
    windows = walk(tmp_path, ALL, size=1)
    next(windows)
    (tmp_path / "b/y").unlink()
    assert list(windows) == []


def test_folders_that_cannot_match_are_not_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "in/a.pdf", "out/a.pdf", ".git/a.pdf", ".docbatch/a.pdf")
    listed: list[bytes] = []
    scandir = os.scandir

    def spy(path: bytes) -> object:
        listed.append(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", spy)
    assert found(tmp_path, "in/**/*.pdf") == [b"in/a.pdf"]
    assert [path.removeprefix(bytes(tmp_path)) for path in listed] == [b"/", b"/in/"]


def test_unusable_entries_fill_windows_too(tmp_path: Path) -> None:
    for number in range(10):
        (tmp_path / f"{number}").symlink_to("nothing")
    filled = [len(window.unusable) for window in walk(tmp_path, ALL, size=4)]
    assert sum(filled) == 10
    assert max(filled) <= 4


@pytest.mark.parametrize("root", ["missing", "file"])
def test_a_root_that_cannot_be_listed_is_an_error(tmp_path: Path, root: str) -> None:
    put(tmp_path, "file")
    with pytest.raises(GuardRefused, match="cannot be listed") as caught:
        list(walk(tmp_path / root, ALL))
    assert "source.root" in (caught.value.hint or "")
