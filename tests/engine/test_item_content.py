"""Opening an item where sources of one place mean different documents by its path."""

import hashlib
from pathlib import Path

import pytest

from docbatch.core.models import WorkItem
from docbatch.engine.connections.open_item_content import ItemContent
from docbatch.providers.base import ContentChanged
from docbatch.sources.base import Source
from docbatch.sources.folder import FolderSource
from docbatch.sources.opened import OpenedSource
from tests.containers.boxes import zipped

LARGE = b"x" * (2 << 20)


def item(root: Path, path: str, content: bytes) -> WorkItem:
    digest = hashlib.sha256(content).hexdigest()
    return WorkItem("key", "recipe", digest, len(content), "text/plain", path, bytes(root / path))


def sources(root: Path) -> list[Source]:
    (root / "a.zip").write_bytes(zipped({"x.txt": b"in the zip", "large": LARGE}))
    (root / "a.zip!x.txt").write_bytes(b"a file")
    return [FolderSource(root, ["*!*"]), OpenedSource(FolderSource(root, ["*.zip"]))]


@pytest.mark.parametrize("content", [b"a file", b"in the zip"])
@pytest.mark.parametrize("reverse", [False, True])
def test_the_digest_says_which_document_is_meant(tmp_path: Path, content: bytes, reverse: bool) -> None:
    found = sources(tmp_path)
    subject = ItemContent(found[::-1] if reverse else found, tmp_path / "incoming")
    wanted = item(tmp_path, "a.zip!x.txt", content)

    with subject(wanted) as stream:
        assert stream.read() == content
    assert Path(subject.file(wanted).decode()).read_bytes() == content


def test_what_no_source_has_any_more_has_changed(tmp_path: Path) -> None:
    subject = ItemContent(sources(tmp_path), tmp_path / "incoming")

    with pytest.raises(ContentChanged):
        subject(item(tmp_path, "a.zip!x.txt", b"another"))
    with pytest.raises(ContentChanged):
        subject(item(tmp_path, "a.zip!gone", b"gone"))


def test_a_file_is_read_where_it_lies_and_a_member_from_a_copy(tmp_path: Path) -> None:
    opened = OpenedSource(FolderSource(tmp_path, ["**"]))
    sources(tmp_path)
    subject = ItemContent([opened], tmp_path / "incoming")

    assert subject.file(item(tmp_path, "a.zip!x.txt", b"a file")) == bytes(tmp_path / "a.zip!x.txt")
    copy = Path(subject.file(item(tmp_path, "a.zip!large", LARGE)).decode())
    assert copy.parent == tmp_path / "incoming"
    assert copy.read_bytes() == LARGE
