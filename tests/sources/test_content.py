import hashlib
import os
import socket
from pathlib import Path

import pytest

from docbatch.core.models import FailureClass
from docbatch.sources import content
from docbatch.sources.content import ContentError, Vanished, measure, open_content


def failure_class(path: Path, limit: int | None = None) -> FailureClass:
    with pytest.raises(ContentError) as caught:
        open_content(bytes(path), limit)
    return caught.value.failure.kind


def test_a_file_opens_at_its_first_byte(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    with open_content(bytes(tmp_path / "a"), 3) as file:
        assert file.read() == b"abc"


def test_a_file_above_the_limit_is_too_large(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abcd")
    assert failure_class(tmp_path / "a", 3) is FailureClass.TOO_LARGE


def test_an_empty_file_is_empty(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    assert failure_class(tmp_path / "a") is FailureClass.EMPTY


def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert failure_class(tmp_path / "pipe") is FailureClass.SPECIAL_FILE


def test_a_socket_a_device_and_a_folder_are_special(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        assert failure_class(Path("socket")) is FailureClass.SPECIAL_FILE
    assert failure_class(Path("/dev/null")) is FailureClass.SPECIAL_FILE
    assert failure_class(tmp_path) is FailureClass.SPECIAL_FILE


def test_a_file_without_permission_is_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a").write_bytes(b"abc")
    # The superuser, who may be running this, is refused nothing.
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(ContentError, match="Permission denied") as caught:
        open_content(bytes(tmp_path / "a"))
    assert caught.value.failure.kind is FailureClass.UNREADABLE
    assert caught.value.failure.code == "EACCES"


def test_a_file_that_is_gone_has_vanished(tmp_path: Path) -> None:
    with pytest.raises(Vanished):
        measure(bytes(tmp_path / "a"))


@pytest.mark.parametrize("size", [1, content.CHUNK - 1, content.CHUNK, content.CHUNK + 1, 3 * content.CHUNK])
def test_the_digest_is_over_all_bytes(tmp_path: Path, size: int) -> None:
    (tmp_path / "a.txt").write_bytes(b"x" * size)
    measured, _ = measure(bytes(tmp_path / "a.txt"))
    assert measured.digest == hashlib.sha256(b"x" * size).hexdigest()
    assert measured.size == size
    assert measured.media_type == "text/plain"


class Writer:
    """Appends to a file while it is being read, as often as it is told."""

    def __init__(self, path: Path, times: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.times = times
        self._path = path
        self._read = content._read
        monkeypatch.setattr(content, "_read", self.read)

    def read(self, file: object, expected: int) -> tuple[bytes, str, int]:
        read = self._read(file, expected)  # type: ignore[arg-type]
        if self.times:
            self.times -= 1
            with self._path.open("ab") as appended:
                appended.write(b"y")
        return read


def test_a_file_that_changes_while_it_is_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x")
    Writer(path, content.ATTEMPTS - 1, monkeypatch)
    assert measure(bytes(path))[0].digest == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_file_that_never_rests_is_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x")
    Writer(path, content.ATTEMPTS, monkeypatch)
    with pytest.raises(ContentError, match="changed while it was read") as caught:
        measure(bytes(path))
    assert caught.value.failure.kind is FailureClass.UNREADABLE
