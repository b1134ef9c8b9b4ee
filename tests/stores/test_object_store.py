"""Objects listed, read and written, at a real server."""

import hashlib
from dataclasses import replace

import pytest
from obstore.exceptions import GenericError

from docbatch.stores import object_reader
from docbatch.stores.faults import (
    BadKey,
    BucketMissing,
    ObjectChanged,
    ObjectMissing,
    StoreRefused,
    StoreUnreachable,
    faults,
)
from docbatch.stores.object_reader import open_object
from docbatch.stores.object_store import ObjectStore
from tests.stores.moto_server import SECRET, MotoBucket


def _keys(store: ObjectStore, prefix: str = "", after: str | None = None) -> list[str]:
    return [each["path"] for window in store.windows(prefix, after) for each in window]


def test_a_listing_is_in_the_order_of_keys_and_goes_on_behind_any(bucket: MotoBucket) -> None:
    names = ["in/ü.txt", "in/a.txt", "in/b!x.txt", "in/a b+c.txt", "other/z.txt", "in/sub/c#d?e%2F.txt"]
    for name in names:
        bucket.put(name, b"x")
    inside = sorted((name for name in names if name.startswith("in/")), key=str.encode)

    assert _keys(bucket.store, "in/") == inside
    assert _keys(bucket.store, "in", after=inside[2]) == inside[3:]
    assert len(_keys(bucket.store)) == len(names)


def test_a_listing_of_many_pages_comes_in_windows(bucket: MotoBucket) -> None:
    for number in range(1005):
        bucket.put(f"in/{number:04d}", b"x")

    assert [len(window) for window in bucket.store.windows("in/")] == [1000, 5]


@pytest.mark.parametrize("key", ["in/../a.txt", "in//a.txt", "in/./a.txt"])
def test_a_key_that_cannot_be_named_ends_a_listing_with_its_name(bucket: MotoBucket, key: str) -> None:
    bucket.put(key, b"x")

    with pytest.raises(BadKey, match=f"lake.*{key.replace('.', '[.]')}"):
        _keys(bucket.store, "in/")


def test_what_is_read_is_what_was_listed_or_nothing(bucket: MotoBucket) -> None:
    etag = bucket.put("a.txt", b"first")
    assert bucket.store.read("a.txt", etag=etag) == b"first"

    bucket.put("a.txt", b"second")

    with pytest.raises(ObjectChanged):
        bucket.store.read("a.txt", etag=etag)
    assert bucket.store.facts("b.txt") is None
    with pytest.raises(ObjectMissing):
        bucket.store.read("b.txt")


def test_a_write_replaces_what_was_meant_alone(bucket: MotoBucket) -> None:
    store = bucket.store
    first = store.write("out.md", b"one")
    with pytest.raises(ObjectChanged):
        store.write("out.md", b"two")
    second = store.write("out.md", b"two", replaces=first)
    with pytest.raises(ObjectChanged):
        store.write("out.md", b"three", replaces=first)

    facts = store.facts("out.md")
    assert facts is not None
    assert facts.etag == second
    assert bucket.objects() == {"out.md": b"two"}

    store.delete("out.md")
    store.delete("out.md")
    assert bucket.objects() == {}


def test_what_its_writer_said_of_an_object_is_read_along(bucket: MotoBucket) -> None:
    bucket.put("a.txt", b"x", Metadata={"customer": "acme"}, ContentType="text/plain")

    assert bucket.store.described("a.txt")["customer"] == "acme"


def test_a_large_object_is_read_in_blocks_of_one_version(
    bucket: MotoBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_reader, "BLOCK", 1000)
    content = bytes(range(256)) * 41
    bucket.put("large.bin", content)
    facts = bucket.store.facts("large.bin")
    assert facts is not None

    with open_object(bucket.store, facts) as stream:
        assert hashlib.sha256(stream.read()).digest() == hashlib.sha256(content).digest()
        stream.seek(2500)
        assert stream.read(700) == content[2500:3200]
        stream.seek(-5, 2)
        assert stream.read() == content[-5:]

    bucket.put("large.bin", content[::-1])
    with open_object(bucket.store, facts) as stream, pytest.raises(OSError, match="Precondition"):
        stream.read()


def test_a_bucket_that_is_not_there_is_named(bucket: MotoBucket) -> None:
    nowhere = ObjectStore(replace(bucket.settings, bucket="no-such-bucket"))
    with pytest.raises(BucketMissing, match="store 'lake': NoSuchBucket"):
        _keys(nowhere)


@pytest.mark.parametrize("code", ["SignatureDoesNotMatch", "RequestTimeTooSkewed", "AccessDenied"])
def test_a_refusal_names_its_code_and_no_secret(code: str) -> None:
    said = f"Error performing GET https://docs.example/a?X-Amz-Signature=abc - Server returned non-2xx status code: 403 Forbidden: <Code>{code}</Code><SignatureProvided>{SECRET}"

    with pytest.raises(StoreRefused) as refused, faults("lake"):
        raise GenericError(said)

    assert str(refused.value) == f"store 'lake': {code}, 403 Forbidden"


def test_a_store_that_is_not_there_is_unreachable(
    bucket: MotoBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docbatch.stores.object_store._RETRIES", 0)
    gone = ObjectStore(replace(bucket.settings, endpoint="http://127.0.0.1:9"))

    with pytest.raises(StoreUnreachable, match="store 'lake'"):
        gone.facts("a.txt")
