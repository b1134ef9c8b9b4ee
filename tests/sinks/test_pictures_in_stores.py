"""Pictures beside outputs in a store: there before what links to them, whatever the store does."""

from collections.abc import Iterator
from urllib.parse import unquote

import pytest

from docbatch.core.errors import SinkError
from docbatch.sinks.base import Receipt
from docbatch.sinks.files import FilesSinkSpec
from docbatch.sinks.kind import Bucket
from docbatch.sinks.objects.document_objects import DocumentObjects
from docbatch.stores.faults import StoreUnreachable
from docbatch.stores.object_store import ObjectStore
from tests.stores.moto_server import MotoBucket, moto_bucket

from .arrangement import PATHS, PNG, delivery, pictured
from .links import _MARKDOWN

FOLDER = "data/out"
SPEC = FilesSinkSpec(type="files", path="x")
MOST = 20


@pytest.fixture
def bucket() -> Iterator[MotoBucket]:
    with moto_bucket() as bucket:
        yield bucket


def deliver(bucket: MotoBucket) -> list[Receipt]:
    sink = DocumentObjects(
        Bucket(lambda: bucket.store, FOLDER), form="markdown", pictures_at=SPEC.pictures_at
    )
    every = (pictured(delivery(path), "of all", f"of {path}") for path in PATHS)
    return [each for each in sink.deliver(every) if isinstance(each, Receipt)]


def shown(found: dict[str, bytes]) -> dict[str, list[bytes]]:
    """Return what each output shows; a link that leads nowhere is a KeyError."""
    return {
        key: [
            found[f"{key.rpartition('/')[0]}/{unquote(link)}"] for link in _MARKDOWN.findall(content.decode())
        ]
        for key, content in found.items()
        if key.endswith(".md")
    }


@pytest.mark.parametrize("is_written", [False, True], ids=["refused", "answer lost"])
def test_whichever_request_fails_no_output_links_to_a_picture_that_is_not_there(
    bucket: MotoBucket, monkeypatch: pytest.MonkeyPatch, *, is_written: bool
) -> None:
    write = ObjectStore.write
    monkeypatch.setattr("docbatch.sinks.objects.document_objects.WRITERS", 1)
    for number in range(MOST):
        for key in bucket.objects():
            bucket.remove(key)
        left = number

        def failing(store: ObjectStore, key: str, content: bytes, *, replaces: str | None = None) -> str:
            nonlocal left
            left -= 1
            if left < 0 and not is_written:
                raise StoreUnreachable("it went away")
            etag = write(store, key, content, replaces=replaces)
            if left < 0:
                raise StoreUnreachable("it went away")
            return etag

        monkeypatch.setattr(ObjectStore, "write", failing)
        try:
            deliver(bucket)
            break
        except SinkError:
            shown(bucket.objects())
        monkeypatch.setattr(ObjectStore, "write", write)

        receipts = deliver(bucket)

        assert [len(each.companions) for each in receipts] == [2, 2, 2]
        assert shown(bucket.objects()) == {
            f"{FOLDER}/{path}.md": [PNG + b"of all", *[PNG + f"of {path}".encode()] * 2] for path in PATHS
        }
        assert not any(".docbatch-trash" in key for key in bucket.objects())
    assert number == 3 * len(PATHS)
