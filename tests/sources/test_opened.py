"""Archives and mails of a source as documents of their own."""

import threading
from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

import pytest

from docbatch.containers.inside import ContainerMember, UnfitMember
from docbatch.core.errors import GuardRefused
from docbatch.core.models import Failure, FailureClass
from docbatch.sources import allowance, kept_members, met_containers, opened
from docbatch.sources.allowance import Allowance
from docbatch.sources.content import ContentError, Measured, Vanished
from docbatch.sources.documents import Observed, Seen
from docbatch.sources.folder import FolderSource
from docbatch.sources.known_stretch import KnownStretch
from docbatch.sources.opened import OpenedSource
from docbatch.sources.statcache import StatCache
from tests.containers.boxes import mail, mailbox, portfolio, zipped
from tests.sources.outside_zip import ZipSource

FILES = {
    "a.zip": zipped({"x.txt": b"in a zip", "sub/y.txt": b"below"}),
    "a.zip b": b"sorts before what is in a.zip",
    "a.zip-1": b"sorts behind it",
    "a.zip/z": b"",
    "m.eml": mail("text", n_txt=b"attached"),
    "z.txt": b"plain",
}
del FILES["a.zip/z"]


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[StatCache]:
    with closing(StatCache(tmp_path / "cache.db", margin_ns=-(10**12))) as kept:
        yield kept


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "in"
    write(made, FILES)
    return made


def write(root: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


def source(root: Path) -> OpenedSource:
    return OpenedSource(FolderSource(root, ["**"]))


def seen(made: OpenedSource, cache: StatCache, only: Collection[bytes] | None = None) -> list[Seen]:
    return list(made.find(cache, only).windows)


def found(made: OpenedSource, cache: StatCache, *only: bytes) -> list[bytes]:
    return [each.path for window in seen(made, cache, set(only) or None) for each in window.documents]


def content(made: OpenedSource, path: bytes) -> bytes:
    with made.open(path) as stream:
        return stream.read()


@pytest.fixture
def listings(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return the containers that are opened from now on."""
    asked: list[bytes] = []
    listed = OpenedSource._listed

    def noting(self: OpenedSource, document: Observed, *rest: object) -> object:
        asked.append(document.path)
        return listed(self, document, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(OpenedSource, "_listed", noting)
    return asked


def test_members_are_documents_in_the_order_of_all_paths(root: Path, cache: StatCache) -> None:
    assert found(source(root), cache) == [
        b"a.zip b",
        b"a.zip!sub/y.txt",
        b"a.zip!x.txt",
        b"a.zip-1",
        b"m.eml!body.txt",
        b"m.eml!n.txt",
        b"z.txt",
    ]


def test_the_order_holds_over_many_windows(
    root: Path, cache: StatCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opened, "WINDOW", 3)
    write(root, {f"a.zip {each}.zip": zipped({f"{n}.txt": b"%d" % n for n in range(9)}) for each in range(5)})
    paths = found(source(root), cache)

    assert paths == sorted(paths)
    assert len(set(paths)) == len(paths) == 7 + 45


def test_each_document_can_be_opened_and_is_what_it_was_found_to_be(root: Path, cache: StatCache) -> None:
    made = source(root)
    for window in seen(made, cache):
        for each in window.documents:
            now = made.measure(each.path)
            assert (now.digest, now.media_type, now.size) == each[1:]
            assert len(content(made, each.path)) == each.size
            assert made.is_there(each.path)


def test_a_new_process_that_looked_at_nothing_opens_members_too(root: Path) -> None:
    assert content(source(root), b"a.zip!x.txt") == b"in a zip"
    assert source(root).measure(b"m.eml!n.txt").size == 8
    assert source(root).file(b"a.zip!x.txt") is None
    assert source(root).file(b"z.txt") == bytes(root / "z.txt")
    assert not source(root).is_there(b"a.zip!none")
    with pytest.raises(Vanished):
        source(root).open(b"a.zip!none")


def test_members_know_what_their_mail_says_of_itself(root: Path, cache: StatCache) -> None:
    made = source(root)

    assert made.metadata(b"m.eml!n.txt")["subject"] == "Größe"
    assert made.metadata(b"m.eml!body.txt")["from"] == "Anna Müller <anna@example.org>"
    assert made.metadata(b"a.zip!x.txt") == made.metadata(b"z.txt") == {}


def test_some_documents_may_be_asked_for(root: Path, cache: StatCache) -> None:
    assert found(source(root), cache, b"a.zip!x.txt", b"z.txt", b"none", b"m.eml") == [
        b"a.zip!x.txt",
        b"z.txt",
    ]
    entries = source(root).entries({b"a.zip!x.txt"})
    assert [each.path for each in entries] == [b"a.zip!x.txt"]


def test_a_file_of_a_members_name_keeps_it_and_none_is_lost(root: Path, cache: StatCache) -> None:
    write(root, {"a.zip!x.txt": b"a real file", "a.zip!x.txt!2": b"another"})
    made = source(root)

    names = found(made, cache)
    assert [each for each in names if b"x.txt" in each] == [
        b"a.zip!x.txt",
        b"a.zip!x.txt!2",
        b"a.zip!x.txt!3",
    ]
    for subject in (made, source(root)):
        assert content(subject, b"a.zip!x.txt") == b"a real file"
        assert content(subject, b"a.zip!x.txt!2") == b"another"
        assert content(subject, b"a.zip!x.txt!3") == b"in a zip"
        assert subject.file(b"a.zip!x.txt") == bytes(root / "a.zip!x.txt")
    assert found(source(root), cache, b"a.zip!x.txt!3") == [b"a.zip!x.txt!3"]


def test_a_file_that_is_not_selected_takes_no_name(root: Path, cache: StatCache) -> None:
    write(root, {"a.zip!x.txt": b"a real file"})
    made = OpenedSource(FolderSource(root, ["*.zip"]))

    assert found(made, cache) == [b"a.zip!sub/y.txt", b"a.zip!x.txt"]
    assert content(made, b"a.zip!x.txt") == b"in a zip"


def test_unchanged_containers_are_not_opened_again(
    root: Path, cache: StatCache, listings: list[bytes]
) -> None:
    first = found(source(root), cache)
    assert listings == [b"a.zip", b"m.eml"]
    (root / "a.zip").rename(root / "b.zip")

    assert len(found(source(root), cache)) == len(first)
    assert listings == [b"a.zip", b"m.eml"]


def test_a_changed_container_is_opened_again_alone(
    root: Path, cache: StatCache, listings: list[bytes]
) -> None:
    found(source(root), cache)
    listings.clear()
    write(root, {"a.zip": zipped({"x.txt": b"another"})})

    assert found(source(root), cache)[1:3] == [b"a.zip!x.txt", b"a.zip-1"]
    assert listings == [b"a.zip"]


def test_what_is_kept_and_damaged_is_not_believed(
    root: Path, cache: StatCache, listings: list[bytes]
) -> None:
    first = found(source(root), cache)
    assert cache.file is not None
    cache.file.write([("UPDATE member SET rows = ?", [(b"nonsense",)])])

    assert found(source(root), cache) == first
    assert len(listings) == 4


def test_a_window_without_containers_stays_packed(tmp_path: Path, cache: StatCache) -> None:
    write(tmp_path / "in", {f"{each}.txt": b"x" for each in range(5)})
    seen(source(tmp_path / "in"), cache)

    (window,) = seen(source(tmp_path / "in"), cache)
    assert isinstance(window.documents, KnownStretch)


def test_a_container_that_cannot_be_opened_is_told_by_its_own_name_and_hides_what_is_in_it(
    root: Path, cache: StatCache
) -> None:
    write(root, {"a.zip": b"PK\x03\x04 damaged", "c.zip": zipped({"/evil": b"x", "fine.txt": b"y"})})
    bad = [each for window in seen(source(root), cache) for each in window.unusable]

    assert [(each.path, each.failure.kind, each.hides) for each in bad] == [
        (b"a.zip", FailureClass.CORRUPT, b"a.zip!"),
        (b"c.zip!%2Fevil", FailureClass.REFUSED_INPUT, b"c.zip!%2Fevil!"),
    ]
    assert b"c.zip!fine.txt" in found(source(root), cache)
    with pytest.raises((ContentError, Vanished)):
        source(root).open(b"a.zip!x.txt")


def test_a_pdf_stays_a_document_beside_the_files_in_it(tmp_path: Path, cache: StatCache) -> None:
    content = portfolio({"note.txt": b"inside"}, tmp_path)
    write(tmp_path / "in", {"p.pdf": content, "q.pdf": b"%PDF-1.7 damaged"})
    (window,) = seen(source(tmp_path / "in"), cache)

    assert [each.path for each in window.documents] == [b"p.pdf", b"p.pdf!note.txt", b"q.pdf"]
    assert window.unusable == []


def test_bytes_that_no_file_has_are_opened_as_well(tmp_path: Path, cache: StatCache) -> None:
    inner = zipped({"in.zip": zipped({"x.txt": b"deep"}), "box.mbox": mailbox(mail("one"), mail("two"))})
    (tmp_path / "all.zip").write_bytes(inner)
    made = OpenedSource(ZipSource(tmp_path / "all.zip"))

    assert found(made, cache) == [
        b"box.mbox!0001-Gr\xc3\xb6\xc3\x9fe.eml!body.txt",
        b"box.mbox!0002-Gr\xc3\xb6\xc3\x9fe.eml!body.txt",
        b"in.zip!x.txt",
    ]
    assert content(made, b"in.zip!x.txt") == b"deep"


def test_members_are_opened_from_many_threads(root: Path, cache: StatCache) -> None:
    made = source(root)
    paths = [path for path in found(made, cache) if b"!" in path] * 10
    wrong: list[bytes] = []

    def read(path: bytes) -> None:
        if made.measure(path).size != len(content(made, path)):
            wrong.append(path)

    threads = [threading.Thread(target=read, args=(path,)) for path in paths]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert wrong == []


def test_a_container_that_cannot_be_read_now_is_tried_again(
    root: Path, cache: StatCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Locked(ZipSource):
        def open(self, path: bytes) -> BinaryIO:
            raise ContentError(Failure(FailureClass.UNREADABLE, "cannot be read now"))

        def measure(self, path: bytes) -> Measured:
            return ZipSource.measure(ZipSource(self._archive), path)

    (root / "all.zip").write_bytes(zipped({"in.zip": zipped({"x.txt": b"deep"})}))
    locked = OpenedSource(Locked(root / "all.zip"))
    (window,) = seen(locked, cache)

    assert [(each.path, each.failure.message) for each in window.unusable] == [
        (b"in.zip", "cannot be read now")
    ]
    assert found(OpenedSource(ZipSource(root / "all.zip")), cache) == [b"in.zip!x.txt"]


def test_a_repository_that_is_not_trusted_is_not_opened_without_end(
    root: Path, cache: StatCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allowance, "MOST_DOCUMENTS", 5)
    write(root, {"many.zip": zipped({f"{each}.txt": b"%d" % each for each in range(6)})})
    made = OpenedSource(FolderSource(root, ["*.zip"]), Allowance())

    with pytest.raises(GuardRefused, match="more than 5 documents"):
        found(made, cache)


def test_bombs_use_up_what_a_repository_that_is_not_trusted_may_cost(
    root: Path, cache: StatCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allowance, "MOST_BYTES", 100 << 20)
    bomb = zipped({"a": b"\0" * (65 << 20)})
    write(root, {"1.zip": bomb, "2.zip": zipped({"b": b"\0" * (65 << 20)})})

    with pytest.raises(GuardRefused):
        found(OpenedSource(FolderSource(root, ["?.zip"]), Allowance()), cache)


def test_no_more_is_remembered_than_there_is_room_for_and_all_can_still_be_opened(
    root: Path, cache: StatCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(met_containers, "_MOST_BYTES", 1)
    made = source(root)
    paths = found(made, cache)

    assert len(made._met) == 1
    assert [len(content(made, path)) for path in paths] == [
        len(content(source(root), path)) for path in paths
    ]


def test_what_is_opened_says_so(root: Path) -> None:
    made = source(root)

    assert made.is_opened(b"a.zip")
    assert not made.is_opened(b"z.txt")
    assert not made.is_opened(b"none")
    assert isinstance(made.unwrapped, FolderSource)
    assert made.shown == made.unwrapped.shown


def test_what_lies_in_a_container_is_unpacked_once_for_all_that_are_asked_for_in_order(
    tmp_path: Path, cache: StatCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "in", {"a.zip": zipped({f"{number:04}.txt": b"%d" % number for number in range(900)})})
    made = source(tmp_path / "in")
    paths = found(made, cache)
    asked: list[bytes] = []
    unpack = kept_members._unpacked

    def noting(stretch: bytes) -> Iterator[ContainerMember | UnfitMember]:
        asked.append(stretch)
        return unpack(stretch)

    monkeypatch.setattr(kept_members, "_unpacked", noting)
    assert [made.metadata(path) for path in paths] == [{}] * 900
    assert len(asked) == len(set(asked)) == 2
