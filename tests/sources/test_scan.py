import hashlib
import os
from pathlib import Path

import pytest

from docbatch.core.errors import GuardRefused
from docbatch.core.models import FailureClass
from docbatch.sources import content
from docbatch.sources.documents import Seen
from docbatch.sources.globs import compile_globs
from docbatch.sources.scan import LARGE, scan
from docbatch.sources.statcache import StatCache

ALL = compile_globs(["**"])


def seen(root: Path) -> list[Seen]:
    return list(scan(root, ALL, StatCache(None)))


def test_a_document_is_observed_with_digest_and_media_type(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# Title\n")
    ((document,),) = [each.documents for each in seen(tmp_path)]
    assert document.path == b"a.md"
    assert document.size == 8
    assert document.digest == hashlib.sha256(b"# Title\n").hexdigest()
    assert document.media_type == "text/markdown"


def test_an_empty_file_fails_without_being_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").touch()
    monkeypatch.setattr(content, "_open", None)
    ((each,),) = [window.unusable for window in seen(tmp_path)]
    assert (each.path, each.failure.kind) == (b"a", FailureClass.EMPTY)


def test_what_cannot_be_used_is_told_in_path_order(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("b")
    (tmp_path / "a").touch()
    os.mkfifo(tmp_path / "c")
    (tmp_path / "d").touch()
    (tmp_path / "e").symlink_to("nothing")
    (window,) = seen(tmp_path)
    assert [document.path for document in window.documents] == [b"b"]
    assert [each.path for each in window.unusable] == [b"a", b"c", b"d", b"e"]


def test_large_files_are_hashed_side_by_side_and_stay_in_order(tmp_path: Path) -> None:
    expected = []
    for number in range(6):
        payload = bytes([number]) * (LARGE + number if number % 3 else 9)
        (tmp_path / f"{number}.txt").write_bytes(payload)
        expected.append((b"%d.txt" % number, hashlib.sha256(payload).hexdigest()))
    (window,) = seen(tmp_path)
    assert [(document.path, document.digest) for document in window.documents] == expected


def test_a_file_removed_before_it_is_read_is_no_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").write_text("b")
    real = os.open

    def remove_first(path: bytes, flags: int, *rest: int, **more: int) -> int:
        if flags & os.O_NONBLOCK:
            (tmp_path / "a").unlink(missing_ok=True)
        return real(path, flags, *rest, **more)

    monkeypatch.setattr(os, "open", remove_first)
    (window,) = seen(tmp_path)
    assert [document.path for document in window.documents] == [b"b"]
    assert window.unusable == []


def test_a_missing_root_is_an_error_and_not_an_empty_source(tmp_path: Path) -> None:
    with pytest.raises(GuardRefused, match="missing cannot be listed"):
        seen(tmp_path / "missing")
