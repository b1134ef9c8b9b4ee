import os
from pathlib import Path

import pytest

from docbatch import durability
from docbatch.durability import Flusher, Place


@pytest.fixture
def flushed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Inodes that were flushed one by one."""
    seen: list[int] = []
    flush = os.fsync

    def fsync(descriptor: int) -> None:
        seen.append(os.fstat(descriptor).st_ino)
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    return seen


def _files(folder: Path, number: int) -> list[Path]:
    paths = [folder / str(index) for index in range(number)]
    for path in paths:
        path.write_bytes(b"x")
    return paths


@pytest.mark.parametrize("number", [1, 5])
def test_a_few_files_and_folders_are_flushed_one_by_one(
    tmp_path: Path, flushed: list[int], number: int
) -> None:
    paths = [*_files(tmp_path, number), tmp_path]

    Flusher().flush([Place(path) for path in paths])

    assert sorted(flushed) == sorted(path.stat().st_ino for path in paths)


def test_without_a_call_for_the_file_system_all_are_flushed_one_by_one(
    tmp_path: Path, flushed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durability, "_syncfs", lambda: None)
    paths = _files(tmp_path, 50)

    Flusher().flush([Place(path) for path in paths])

    assert sorted(flushed) == sorted(path.stat().st_ino for path in paths)


def test_many_files_are_flushed_by_one_call_for_each_file_system(
    tmp_path: Path, flushed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    devices: list[int] = []
    monkeypatch.setattr(
        durability, "_syncfs", lambda: lambda descriptor: devices.append(os.fstat(descriptor).st_dev)
    )

    Flusher().flush([Place(path) for path in _files(tmp_path, 50)])

    assert devices == [tmp_path.stat().st_dev]
    assert not flushed


def test_of_files_in_open_folders_the_folders_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[int] = []
    monkeypatch.setattr(
        durability, "_syncfs", lambda: lambda descriptor: flushed.append(os.fstat(descriptor).st_ino)
    )
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        Flusher().flush([Place(path.name, folder) for path in _files(tmp_path, 50)], [folder])
    finally:
        os.close(folder)

    assert flushed == [tmp_path.stat().st_ino]


def test_after_a_slow_call_files_are_flushed_one_by_one(
    tmp_path: Path, flushed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durability, "_syncfs", lambda: lambda _: None)
    monkeypatch.setattr(durability, "_PATIENCE", -1)
    places = [Place(path) for path in _files(tmp_path, 50)]
    flusher = Flusher()
    flusher.flush(places)

    flusher.flush(places)

    assert len(flushed) == 50


@pytest.mark.parametrize("number", [1, 5, 50])
def test_a_file_that_vanished_is_an_error(tmp_path: Path, number: int) -> None:
    paths = _files(tmp_path, number)
    paths[-1].unlink()

    with pytest.raises(FileNotFoundError):
        Flusher().flush([Place(path) for path in paths])


def test_a_name_is_looked_up_in_its_open_folder(tmp_path: Path, flushed: list[int]) -> None:
    (path,) = _files(tmp_path, 1)
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        Flusher().flush([Place(path.name, folder)])
    finally:
        os.close(folder)

    assert flushed == [path.stat().st_ino]
