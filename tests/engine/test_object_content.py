"""Handing over the bytes of objects: what was planned, or nothing, also where they are read while they are sent."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from docbatch.core.models import WorkItem
from docbatch.engine.connections import open_item_content
from docbatch.engine.connections.open_item_content import ItemContent
from docbatch.engine.planning.origins.recorded_objects import ObjectRecord
from docbatch.providers.base import ContentChanged
from docbatch.sources.globs import compile_globs
from docbatch.sources.kept_content import KeptContent
from docbatch.sources.objects import ObjectRange, StoreSource
from docbatch.stores import object_reader
from tests.stores.moto_server import MotoBucket, moto_bucket

CONTENT = bytes(range(256)) * 40


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_reader, "BLOCK", 1000)
    monkeypatch.setattr(open_item_content, "CHUNK", 1000)


def content(
    bucket: MotoBucket, folder: Path, kept: KeptContent | None = None
) -> tuple[ItemContent, WorkItem]:
    """Put an object into the bucket, and return what opens it, and the item that was planned of it."""
    bucket.put("in/a.bin", CONTENT)
    where = ObjectRange("lake", b"s3://bucket/in", "in/")
    source = StoreSource(
        where, compile_globs(["**"]), lambda: bucket.store, ObjectRecord(None, "job", where.place)
    )
    item = WorkItem(
        key="0" * 64,
        recipe="1" * 64,
        digest=hashlib.sha256(CONTENT).hexdigest(),
        size=len(CONTENT),
        media_type="application/octet-stream",
        name="a.bin",
        place=b"s3://bucket/in/a.bin",
        priority=50,
    )
    return ItemContent([source], folder / "incoming", kept), item


def test_a_large_object_is_handed_over_without_lying_on_the_disk(tmp_path: Path) -> None:
    with moto_bucket() as bucket:
        opened, item = content(bucket, tmp_path)
        with opened(item) as stream:
            assert stream.seekable()
            assert stream.read() == CONTENT
        assert not (tmp_path / "incoming").exists()


def test_an_object_that_changes_while_it_is_handed_over_is_no_longer_what_was_planned(tmp_path: Path) -> None:
    with moto_bucket() as bucket:
        opened, item = content(bucket, tmp_path)
        with opened(item) as stream:
            stream.read(10)
            bucket.put("in/a.bin", CONTENT[::-1])
            with pytest.raises(ContentChanged, match="cannot be read any more"):
                stream.read()


@pytest.mark.parametrize("now", [CONTENT[::-1], CONTENT + b"!", b"short", b"", None])
def test_an_object_that_is_another_by_now_is_not_handed_over(tmp_path: Path, now: bytes | None) -> None:
    with moto_bucket() as bucket:
        opened, item = content(bucket, tmp_path)
        if now is None:
            bucket.client.delete_object(Bucket=bucket.name, Key="in/a.bin")
        else:
            bucket.put("in/a.bin", now)

        with pytest.raises(ContentChanged):
            opened(item)


def test_who_reads_in_another_process_gets_one_copy(tmp_path: Path) -> None:
    with moto_bucket() as bucket:
        opened, item = content(bucket, tmp_path)
        copy = Path(opened.file(item).decode())

        assert copy.parent == tmp_path / "incoming"
        assert copy.read_bytes() == CONTENT
        assert len(list(copy.parent.iterdir())) == 1


@pytest.mark.parametrize("chunk", [1000, 1 << 20])
def test_what_was_kept_is_handed_over_without_asking_the_store(
    tmp_path: Path, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_item_content, "CHUNK", chunk)
    with moto_bucket() as bucket:
        opened, item = content(bucket, tmp_path, kept := KeptContent(tmp_path / "incoming"))
        kept.keep(item.digest, CONTENT)
        bucket.client.delete_object(Bucket=bucket.name, Key="in/a.bin")

        for _ in range(2):
            with opened(item) as stream:
                assert stream.read() == CONTENT
        assert Path(opened.files([item])[item.key].decode()).read_bytes() == CONTENT
        assert len(list((tmp_path / "incoming").iterdir())) == 1, "it goes with who reads it"


def test_what_was_kept_and_is_damaged_is_asked_for_again(tmp_path: Path) -> None:
    with moto_bucket() as bucket:
        opened, item = content(bucket, tmp_path, kept := KeptContent(tmp_path / "incoming"))
        kept.keep(item.digest, CONTENT[::-1])

        with opened(item) as stream:
            assert stream.read() == CONTENT
        assert Path(opened.files([item])[item.key].decode()).read_bytes() == CONTENT


def test_several_are_asked_for_side_by_side(tmp_path: Path) -> None:
    with moto_bucket() as bucket:
        opened, item = content(bucket, tmp_path)
        items = [replace(item, key=f"{number:064}") for number in range(20)]
        copies = opened.files(items)
        assert [Path(copies[each.key].decode()).read_bytes() for each in items] == [CONTENT] * 20
        assert len(set(copies.values())) == 20
