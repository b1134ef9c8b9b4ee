"""Bodies of records: read as they were written, or refused."""

import json
import os
import zlib
from pathlib import Path
from typing import Any

import pytest

from docbatch.core.errors import AlteredState
from docbatch.state.remote.log_records import LogRecord, RecordKind
from docbatch.state.remote.object_names import Position, chunk_name
from docbatch.state.remote.page_changes import PageChanges, WholeState, read_changes, write_all

CHANGES = PageChanges(512, 9, {7: b"g" * 512, 2: b"b" * 512})


def record(body: bytes) -> LogRecord:
    return LogRecord("p", Position(1, 2), RecordKind.CHANGES, "w", "t", "d", body)


def altered(**said: Any) -> bytes:
    line, _, packed = CHANGES.written().partition(b"\n")
    packed = bytes(said.pop("packed", packed))
    return json.dumps({**json.loads(line), **said}).encode() + b"\n" + packed


@pytest.mark.parametrize("changes", [CHANGES, WholeState((chunk_name(1, "a" * 64),)), None])
def test_what_was_written_is_read(changes: PageChanges | WholeState | None) -> None:
    assert read_changes(record(b"" if changes is None else changes.written())) == changes


def test_the_order_in_which_pages_changed_makes_no_other_record() -> None:
    other = PageChanges(512, 9, dict(sorted(CHANGES.pages.items())))

    assert other.written() == CHANGES.written()
    assert PageChanges(512, 9, {}).written() == b""


@pytest.mark.parametrize(
    "body",
    [
        b"\n",
        b"[]\nx",
        b"[" * 100_000,
        altered(form=2),
        altered(page_size=1000),
        altered(page_size=2**20),
        altered(size=6),
        altered(pages=[7, 2]),
        altered(pages=[2, 2]),
        altered(pages=[0, 7]),
        altered(pages=[]),
        altered(pages=[2]),
        altered(sha256="0" * 64),
        altered(packed=b"none"),
        altered(packed=zlib.compress(bytes(10**7))),
        altered(packed=zlib.compress(b"b" * 512 + b"g" * 512)[:-1]),
        altered(packed=zlib.compress(b"b" * 512 + b"g" * 512) + b"x"),
        json.dumps({"form": 1, "chunks": ["../lease"]}).encode() + b"\n",
    ],
)
def test_what_docbatch_does_not_write_is_refused(body: bytes) -> None:
    with pytest.raises(AlteredState, match=r"log/0000000001/0000000002.*not what docbatch writes"):
        read_changes(record(body))


@pytest.mark.parametrize("before", [0, 5, 12])
def test_pages_are_applied_to_a_file_of_any_length_and_again(tmp_path: Path, before: int) -> None:
    path = tmp_path / "s.db"
    path.write_bytes(b"0" * 512 * before)
    descriptor = os.open(path, os.O_RDWR)

    seen = []
    for _ in range(2):
        CHANGES.apply(descriptor)
        seen.append(path.read_bytes())
    os.close(descriptor)

    assert seen[0] == seen[1]
    assert len(seen[0]) == 9 * 512
    assert (seen[0][512:1024], seen[0][6 * 512 : 7 * 512]) == (b"b" * 512, b"g" * 512)


def test_all_is_written_however_little_the_system_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, pwrite = tmp_path / "f", os.pwrite
    path.touch()
    monkeypatch.setattr(os, "pwrite", lambda to, content, offset: pwrite(to, content[:3], offset))
    descriptor = os.open(path, os.O_RDWR)

    write_all(descriptor, b"0123456789", 2)
    os.close(descriptor)

    assert path.read_bytes() == b"\0\x000123456789"
