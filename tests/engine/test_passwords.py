"""Reading the passwords of a job."""

import sys
from pathlib import Path

import pytest

from docbatch.core.errors import CredentialsError
from docbatch.engine.connections.credentials import LARGEST
from docbatch.engine.connections.passwords import MOST, read_passwords, unreadable
from docbatch.secret_references import CommandReference, FileReference
from docbatch.specs.values import PasswordPlace


def in_file(root: Path, content: bytes) -> PasswordPlace:
    (root / "pdf.txt").write_bytes(content)
    return PasswordPlace(FileReference(file="pdf.txt"), root)


def refused(place: PasswordPlace) -> str:
    with pytest.raises(CredentialsError) as raised:
        read_passwords("notes", place)
    assert "planted" not in raised.value.message
    assert raised.value.message.startswith("job 'notes': ")
    return raised.value.message


def test_each_line_is_one_as_it_stands(tmp_path: Path) -> None:
    place = in_file(tmp_path, b"\xef\xbb\xbfsesame\r\n\n with spaces \nsesame\nGr\xc3\xbc\xc3\x9fe")

    assert read_passwords("notes", place) == ("sesame", " with spaces ", "Grüße")


def test_a_command_prints_them_in_the_projects_root(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("one\ntwo\n")
    printing = CommandReference(command=[sys.executable, "-c", "print(open('kept').read())"])

    assert read_passwords("notes", PasswordPlace(printing, tmp_path)) == ("one", "two")


def test_what_cannot_be_read_says_so_and_shows_nothing(tmp_path: Path) -> None:
    missing = PasswordPlace(FileReference(file="none.txt"), tmp_path)
    folder = PasswordPlace(FileReference(file="."), tmp_path)
    failing = CommandReference(command=[sys.executable, "-c", "print('planted'); raise SystemExit(3)"])

    assert "none.txt cannot be read: No such file" in refused(missing)
    assert ". is no file" in refused(folder)
    assert "failed, with exit code 3" in refused(PasswordPlace(failing, tmp_path))
    assert "no text in UTF-8" in refused(in_file(tmp_path, b"planted\xff"))
    assert "gives no password" in refused(in_file(tmp_path, b"\n\n"))
    assert f"more than {MOST} passwords" in refused(
        in_file(tmp_path, b"".join(b"planted%d\n" % number for number in range(MOST + 1)))
    )
    assert "no list of passwords" in refused(in_file(tmp_path, b"p" * (LARGEST + 1)))


def test_a_plan_looks_at_the_file_and_runs_no_command(tmp_path: Path) -> None:
    writes = CommandReference(command=[sys.executable, "-c", "open('ran', 'w')"])

    assert unreadable("notes", PasswordPlace(writes, tmp_path)) is None
    assert unreadable("notes", in_file(tmp_path, b"sesame")) is None
    assert "cannot be read" in (
        unreadable("notes", PasswordPlace(FileReference(file="none"), tmp_path)) or ""
    )
    assert not (tmp_path / "ran").exists()
