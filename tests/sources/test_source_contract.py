"""What every kind of source keeps: a folder, a list, one that somebody else wrote, and one that opens containers."""

import functools
import hashlib
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Self

import pytest

from docbatch.core.errors import GuardRefused
from docbatch.core.models import FailureClass
from docbatch.engine.planning.origins.recorded_objects import ObjectRecord
from docbatch.sources.base import Source, seekable
from docbatch.sources.content import ContentError, Vanished
from docbatch.sources.documents import Entry, Observed, Unusable
from docbatch.sources.folder import FolderSource
from docbatch.sources.globs import compile_globs
from docbatch.sources.listed import ListedSource, Listing
from docbatch.sources.objects import ObjectRange, StoreSource
from docbatch.sources.opened import OpenedSource
from docbatch.sources.statcache import StatCache
from tests.sources.outside_zip import ZipSource
from tests.stores.moto_server import MotoBucket, moto_bucket

DOCUMENTS = {b"a.txt": b"one", b"b/c.txt": b"two", b"b.txt": b"three"}
ORDER = [b"a.txt", b"b.txt", b"b/c.txt"]


def folder(place: Path) -> Source:
    for path, content in DOCUMENTS.items():
        file = place / "in" / path.decode()
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return FolderSource(place / "in", ["**"])


def listed(place: Path) -> Source:
    written = {path: DOCUMENTS[path] for path in ORDER}
    return ListedSource(place / "mirror", Listing(written, types=dict.fromkeys(written, "text/plain")))


def zipped(place: Path) -> Source:
    with zipfile.ZipFile(place / "all.zip", "w") as archive:
        for path, content in DOCUMENTS.items():
            archive.writestr(path.decode(), content)
    return ZipSource(place / "all.zip")


def opened(place: Path) -> Source:
    return OpenedSource(folder(place))


@functools.cache
def bucket_of(_place: Path) -> MotoBucket:
    return OPENED.enter_context(moto_bucket())


def stored(place: Path) -> Source:
    bucket = bucket_of(place)
    for path, content in DOCUMENTS.items():
        bucket.put(f"in/{path.decode()}", content)
    where = ObjectRange("lake", f"s3://{bucket.name}/in".encode(), "in/")
    record = ObjectRecord(None, "job", where.place)
    return StoreSource(where, compile_globs(["**"]), lambda: bucket.store, record)


OPENED = ExitStack()
KINDS = [folder, listed, zipped, opened, stored]
Make = Callable[[Path], Source]


@pytest.fixture(scope="module", autouse=True)
def _closed() -> Iterator[None]:
    with OPENED:
        yield


@pytest.fixture(params=KINDS, ids=lambda make: str(make.__name__))
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    make: Make = request.param
    return make(tmp_path)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[StatCache]:
    with closing(StatCache(tmp_path / "cache.db", margin_ns=-(10**12))) as opened:
        yield opened


def found(source: Source, cache: StatCache, *only: bytes) -> list[Observed]:
    windows = source.find(cache, set(only) if only else None).windows
    return [document for seen in windows for document in seen.documents]


def test_documents_come_in_byte_order_with_digest_type_and_size(source: Source, cache: StatCache) -> None:
    assert found(source, cache) == [
        Observed(path, hashlib.sha256(DOCUMENTS[path]).hexdigest(), "text/plain", len(DOCUMENTS[path]))
        for path in ORDER
    ]


def test_entries_come_in_the_same_order_with_equal_fingerprints_for_what_is_unchanged(source: Source) -> None:
    first = list(source.entries())

    assert [each.path for each in first] == ORDER
    assert list(source.entries()) == first
    assert all(isinstance(each, Entry) and each.fingerprint for each in first)


def test_some_documents_may_be_asked_for(source: Source, cache: StatCache) -> None:
    assert [each.path for each in found(source, cache, b"b/c.txt", b"none", b"a.txt")] == [
        b"a.txt",
        b"b/c.txt",
    ]
    assert [each.path for each in source.entries({b"b.txt", b"none"})] == [b"b.txt"]


def test_what_is_found_again_is_the_same(source: Source, cache: StatCache) -> None:
    assert found(source, cache) == found(source, cache)


@pytest.mark.parametrize("path", ORDER)
def test_a_documents_bytes_can_be_opened_and_measured(source: Source, path: bytes, tmp_path: Path) -> None:
    if isinstance(source, ListedSource):
        (tmp_path / "mirror" / "b").mkdir(parents=True)
        (tmp_path / "mirror" / path.decode()).write_bytes(DOCUMENTS[path])

    with source.open(path) as stream:
        assert stream.read() == DOCUMENTS[path]
    assert source.measure(path).digest == hashlib.sha256(DOCUMENTS[path]).hexdigest()


def test_what_is_not_there_has_vanished(source: Source) -> None:
    assert not source.is_there(b"none")
    assert all(map(source.is_there, ORDER))
    with pytest.raises(Vanished):
        source.open(b"none")


def test_identities_tell_places_apart_and_are_the_same_again(tmp_path: Path) -> None:
    places = [tmp_path / name for name in ("one", "two")]
    for place in places:
        place.mkdir()
    kinds = [make for make in KINDS if make is not opened]
    identities = [make(place).identity for make in kinds for place in places]

    assert len(set(identities)) == len(identities)
    assert [make(place).identity for make in kinds for place in places] == identities


def test_what_is_opened_lies_where_it_lay(tmp_path: Path) -> None:
    assert opened(tmp_path).identity == folder(tmp_path).identity


def test_a_name_given_by_a_person_leads_to_the_document(source: Source) -> None:
    assert b"b/c.txt" in list(source.named("b/c.txt"))


def test_a_known_fingerprint_saves_opening_the_document(tmp_path: Path, cache: StatCache) -> None:
    source = zipped(tmp_path)
    assert isinstance(source, ZipSource)
    first = found(source, cache)
    source.opened.clear()

    assert found(source, cache) == first
    assert source.opened == []


def test_another_fingerprint_makes_it_be_read_again(tmp_path: Path, cache: StatCache) -> None:
    found(zipped(tmp_path), cache)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("a.txt", b"changed")
    source = ZipSource(tmp_path / "all.zip")

    assert found(source, cache) == [
        Observed(b"a.txt", hashlib.sha256(b"changed").hexdigest(), "text/plain", 7)
    ]
    assert source.opened == [b"a.txt"]


def test_a_document_without_bytes_is_unusable_and_the_others_are_found(
    tmp_path: Path, cache: StatCache
) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("empty.txt", b"")
        archive.writestr("full.txt", b"text")
    (seen,) = ZipSource(tmp_path / "all.zip").find(cache).windows

    assert [(each.path, each.failure.kind) for each in seen.unusable] == [(b"empty.txt", FailureClass.EMPTY)]
    assert [each.path for each in seen.documents] == [b"full.txt"]


def test_one_that_goes_between_listing_and_opening_is_no_document(tmp_path: Path, cache: StatCache) -> None:
    class Lagging(ZipSource):
        def open(self, path: bytes) -> object:  # type: ignore[override]
            return super().open(b"no longer" if path == b"b.txt" else path)

    zipped(tmp_path)
    (seen,) = Lagging(tmp_path / "all.zip").find(cache).windows

    assert [each.path for each in seen.documents] == [b"a.txt", b"b/c.txt"]
    assert seen.unusable == []


def test_a_damaged_member_is_unusable_and_the_others_are_found(tmp_path: Path, cache: StatCache) -> None:
    source = zipped(tmp_path)
    content = (tmp_path / "all.zip").read_bytes()
    (tmp_path / "all.zip").write_bytes(content.replace(b"three", b"thr33", 1))
    (seen,) = source.find(cache).windows

    assert [(each.path, each.failure.kind) for each in seen.unusable] == [(b"b.txt", FailureClass.UNREADABLE)]
    assert [each.path for each in seen.documents] == [b"a.txt", b"b/c.txt"]


def test_a_source_that_cannot_be_listed_is_never_taken_for_an_empty_one(
    tmp_path: Path, cache: StatCache
) -> None:
    (tmp_path / "broken.zip").write_bytes(b"this is none")
    for source in (ZipSource(tmp_path / "broken.zip"), FolderSource(tmp_path / "none", ["**"])):
        with pytest.raises(GuardRefused):
            list(source.find(cache).windows)


def test_a_stream_that_cannot_be_rewound_is_copied_and_not_beyond_what_was_planned(tmp_path: Path) -> None:
    (tmp_path / "pipe").write_bytes(b"x" * (3 << 20))

    class Stream:
        def __init__(self) -> None:
            self.plain = (tmp_path / "pipe").open("rb")

        def seekable(self) -> bool:
            return False

        def read(self, size: int) -> bytes:
            return self.plain.read(size)

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            self.plain.close()

    with seekable(Stream(), most=10) as copy:  # type: ignore[arg-type]
        assert len(copy.read()) == 1 << 20


def test_a_folder_says_where_its_bytes_lie_and_an_archive_that_no_file_holds_them(tmp_path: Path) -> None:
    assert folder(tmp_path).file(b"a.txt") == bytes(tmp_path / "in" / "a.txt")
    assert zipped(tmp_path).file(b"a.txt") is None


def test_what_a_folder_cannot_use_is_told_among_its_entries(tmp_path: Path) -> None:
    source = folder(tmp_path)
    (tmp_path / "in" / "a1.txt").symlink_to("nowhere")

    entries = list(source.entries())

    assert [type(each) for each in entries] == [Entry, Unusable, Entry, Entry]
    with pytest.raises(ContentError):
        source.open(b"a1.txt")
