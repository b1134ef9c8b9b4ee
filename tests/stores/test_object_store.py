"""Objects listed, read and written, at a server for each vendor: what ObjectStore promises holds at all of them."""

import base64
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from obstore.exceptions import GenericError

from docbatch.sources.object_metadata import sayable
from docbatch.stores import object_reader
from docbatch.stores.faults import (
    BadKey,
    BucketMissing,
    ObjectChanged,
    ObjectMissing,
    StoreFault,
    StoreRefused,
    StoreUnreachable,
    WrongPlace,
    faults,
)
from docbatch.stores.object_reader import open_newest, open_object
from docbatch.stores.object_store import ObjectStore
from docbatch.stores.settings import StoreSettings
from tests.stores.azurite_server import azurite_bucket
from tests.stores.buckets import Bucket
from tests.stores.fault_proxy import FaultProxy, Kind, refusal, refusing
from tests.stores.moto_server import SECRET, MotoBucket


def _keys(store: ObjectStore, prefix: str = "", after: str | None = None) -> list[str]:
    return [each["path"] for window in store.windows(prefix, after) for each in window]


def test_a_listing_is_in_the_order_of_keys_and_goes_on_behind_any(any_bucket: Bucket) -> None:
    odd = ("ü.txt", "a.txt", "B.txt", "b!x.txt", "a b+c.txt", "sub/c#d?e%2F.txt", "sub.txt", "sub-1/a")
    names = [*(f"in/{name}" for name in odd), "other/z.txt", "in-between"]
    for name in names:
        any_bucket.put(name, b"x")
    inside = sorted((name for name in names if name.startswith("in/")), key=str.encode)

    assert _keys(any_bucket.store, "in/") == inside
    assert _keys(any_bucket.store, "in", after=inside[2]) == inside[3:]
    assert len(_keys(any_bucket.store)) == len(names)


def test_a_listing_of_many_pages_comes_in_windows(bucket: MotoBucket) -> None:
    bucket.fill({f"in/{number:04d}": b"x" for number in range(1005)})

    assert [len(window) for window in bucket.store.windows("in/")] == [1000, 5]


@pytest.mark.parametrize("key", ["in/../a.txt", "in//a.txt", "in/./a.txt"])
def test_a_key_that_cannot_be_named_ends_a_listing_with_its_name(bucket: MotoBucket, key: str) -> None:
    bucket.put(key, b"x")

    with pytest.raises(BadKey, match=f"lake.*{key.replace('.', '[.]')}"):
        _keys(bucket.store, "in/")


def test_what_is_read_is_what_was_listed_or_nothing(any_bucket: Bucket) -> None:
    etag = any_bucket.put("a.txt", b"first")
    assert any_bucket.store.read("a.txt", etag=etag) == b"first"

    facts = any_bucket.store.facts("a.txt")
    assert facts is not None
    assert facts.etag == etag
    any_bucket.put("a.txt", b"second")

    with pytest.raises(ObjectChanged):
        any_bucket.store.read("a.txt", etag=etag)
    with pytest.raises(ObjectChanged):
        any_bucket.store.read("a.txt", etag=etag, version=facts.version)
    assert any_bucket.store.facts("b.txt") is None
    with pytest.raises(ObjectMissing):
        any_bucket.store.read("b.txt")


def test_a_write_replaces_what_was_meant_alone(any_bucket: Bucket) -> None:
    store = any_bucket.store
    first = store.write("out.md", b"one")
    with pytest.raises(ObjectChanged):
        store.write("out.md", b"two")
    second = store.write("out.md", b"two", replaces=first)
    with pytest.raises(ObjectChanged):
        store.write("out.md", b"three", replaces=first)

    facts = store.facts("out.md")
    assert facts is not None
    assert facts.etag == second
    assert [each["e_tag"] for window in store.windows("") for each in window] == [second]
    assert any_bucket.objects() == {"out.md": b"two"}

    store.delete("out.md")
    store.delete("out.md")
    assert any_bucket.objects() == {}
    with pytest.raises(ObjectChanged):
        store.write("out.md", b"four", replaces=second)
    assert any_bucket.objects() == {}


def test_what_was_to_be_replaced_and_is_gone_counts_as_changed_however_a_store_words_it(
    bucket: MotoBucket,
) -> None:
    with FaultProxy(bucket.endpoint) as proxy:
        proxy.instead = refusing(1, refusal(404, "NoSuchKey"), "PUT")
        store = ObjectStore(replace(bucket.settings, endpoint=proxy.endpoint))

        with pytest.raises(ObjectChanged, match="NoSuchKey"):
            store.write("gone.md", b"two", replaces='"0"')


def test_equal_bytes_written_anew_may_be_what_was_meant(any_bucket: Bucket) -> None:
    store = any_bucket.store
    first = store.write("out.md", b"one")
    again = any_bucket.put("out.md", b"one")

    assert store.write("out.md", b"two", replaces=again)
    assert any_bucket.objects() == {"out.md": b"two"}
    assert first


def test_of_writes_at_once_one_is_first(any_bucket: Bucket) -> None:
    store = any_bucket.store

    def write(number: int) -> bytes | None:
        try:
            store.write("out.md", content := b"by %d" % number)
        except ObjectChanged:
            return None
        return content

    with ThreadPoolExecutor(8) as pool:
        written = [content for content in pool.map(write, range(8)) if content is not None]

    assert any_bucket.objects() == {"out.md": written[0]}
    assert len(written) == 1


def test_what_a_writer_said_of_an_object_comes_with_its_bytes(any_bucket: Bucket) -> None:
    any_bucket.put("a.txt", b"one", {"customer": "acme"})

    opened = open_newest(any_bucket.store, "a.txt")

    assert opened.stream.read() == b"one"
    assert sayable(opened.said) == {"customer": "acme"}


def test_an_object_is_copied_over_what_is_there(any_bucket: Bucket) -> None:
    any_bucket.put("a b/ü.txt", b"one", {"customer": "acme"})
    any_bucket.put("trash/a.txt", b"two")

    any_bucket.store.copy("a b/ü.txt", "trash/a.txt")

    assert any_bucket.objects() == {"a b/ü.txt": b"one", "trash/a.txt": b"one"}
    assert any_bucket.store.described("trash/a.txt")["customer"] == "acme"
    with pytest.raises(ObjectMissing):
        any_bucket.store.copy("gone", "trash/a.txt")


def test_an_empty_object_is_one(any_bucket: Bucket) -> None:
    any_bucket.store.write("empty", b"")
    facts = any_bucket.store.facts("empty")

    assert facts is not None
    assert facts.size == 0
    assert open_object(any_bucket.store, facts).read() == b""


def test_who_may_not_is_refused(any_bucket: Bucket) -> None:
    any_bucket.put("a.txt", b"x")
    with FaultProxy(any_bucket.endpoint) as proxy:
        store = ObjectStore(replace(any_bucket.settings, endpoint=proxy.endpoint))
        proxy.instead = lambda _request: refusal(403, "AccessDenied")
        doings: list[Callable[[], object]] = [
            lambda: _keys(store),
            lambda: store.facts("a.txt"),
            lambda: store.read("a.txt"),
            lambda: store.described("a.txt"),
            lambda: store.write("b.txt", b"x"),
            lambda: store.write("a.txt", b"y", replaces='"0"'),
            lambda: store.copy("a.txt", "b.txt"),
            lambda: store.delete("a.txt"),
        ]
        for doing in doings:
            with pytest.raises(StoreRefused, match="store 'lake'"):
                doing()

    assert any_bucket.objects() == {"a.txt": b"x"}


def test_a_key_of_an_account_that_is_wrong_is_refused() -> None:
    with azurite_bucket() as bucket:
        wrong = {"account_key": base64.b64encode(SECRET.encode()).decode()}
        store = ObjectStore(replace(bucket.settings, credentials=wrong))

        with pytest.raises(StoreRefused, match=r"AuthenticationFailed|AuthorizationFailure") as refused:
            _keys(store)

    assert SECRET not in str(refused.value)


def test_what_its_writer_said_of_an_object_is_read_along(any_bucket: Bucket) -> None:
    any_bucket.put("a.txt", b"x", {"customer": "acme"})

    assert any_bucket.store.described("a.txt")["customer"] == "acme"


def test_a_large_object_is_read_in_blocks_of_one_version(
    any_bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_reader, "BLOCK", 1000)
    content = bytes(range(256)) * 41
    any_bucket.put("large.bin", content)
    facts = any_bucket.store.facts("large.bin")
    assert facts is not None

    with open_object(any_bucket.store, facts) as stream:
        assert hashlib.sha256(stream.read()).digest() == hashlib.sha256(content).digest()
        stream.seek(2500)
        assert stream.read(700) == content[2500:3200]
        stream.seek(-5, 2)
        assert stream.read() == content[-5:]

    any_bucket.put("large.bin", content[::-1])
    with open_object(any_bucket.store, facts) as stream, pytest.raises(OSError, match="lake"):
        stream.read()


def test_a_bucket_that_is_not_there_is_named(any_bucket: Bucket) -> None:
    nowhere = ObjectStore(replace(any_bucket.settings, bucket="no-such-bucket"))
    named = "store 'lake': its bucket is not there: (NoSuchBucket|ContainerNotFound)"
    with pytest.raises(BucketMissing, match=named):
        _keys(nowhere)
    with pytest.raises(BucketMissing, match=named):
        nowhere.read("a.txt")
    with pytest.raises(BucketMissing, match=named):
        nowhere.write("a.txt", b"x")
    if any_bucket.settings.type != "gcs":
        # There the object is asked for first, by a request that tells nothing of buckets.
        with pytest.raises(BucketMissing, match=named):
            nowhere.write("a.txt", b"x", replaces='"0x1"')


@pytest.mark.parametrize("code", ["SignatureDoesNotMatch", "RequestTimeTooSkewed", "AccessDenied"])
def test_a_refusal_names_its_code_and_no_secret(code: str) -> None:
    said = f"Error performing GET https://docs.example/a?X-Amz-Signature=abc - Server returned non-2xx status code: 403 Forbidden: <Code>{code}</Code><SignatureProvided>{SECRET}"

    with pytest.raises(StoreRefused) as refused, faults("lake"):
        raise GenericError(said)

    assert str(refused.value) == f"store 'lake': {code}, 403 Forbidden"


_REPEATED = f"Credential=AKIAEXAMPLE/20261101, Signature={SECRET}"


@pytest.mark.parametrize(
    ("said", "kind", "told"),
    [
        (
            f'Generic S3 error: Got invalid list response: invalid type: string "{_REPEATED}"',
            WrongPlace,
            "what answers there gives no list of objects",
        ),
        (
            "x - Server returned non-2xx status code: 400 Bad Request: <Code>AuthorizationHeaderMalformed</Code>the region is wrong",
            WrongPlace,
            "AuthorizationHeaderMalformed, 400 Bad Request",
        ),
        (
            "Error performing GET https://host/docs in 1ms - Received redirect without LOCATION, this normally indicates an incorrectly configured region",
            WrongPlace,
            "host: answers with a redirect to nowhere, which is the wrong region as a rule",
        ),
        ("x - Server returned non-2xx status code: 404 Not Found: <html>", WrongPlace, "404 Not Found"),
        (
            "Generic S3 error: Got invalid list response: cannot decode input using UTF-8: invalid utf-8 sequence",
            BadKey,
            "lists what is not UTF-8, such as a key",
        ),
        (
            f"Generic S3 error: Error performing GET http://host/docs in 1ms - Server returned non-2xx status code: 418 I'm a teapot: {_REPEATED}",
            StoreUnreachable,
            "418 I",
        ),
        (
            "Generic S3 error: Error performing GET http://host/credentials/a.pdf in 1ms - HTTP error",
            StoreUnreachable,
            "host: the request failed",
        ),
        (
            "Generic S3 error: Error performing GET http://me:secret@host:1/dns%20error?X-Amz-Signature=abc in 12.3s, after 6 retries - HTTP error\n\nDebug source:\ninner: Http(ConnectionRefused)",
            StoreUnreachable,
            "host:1: nothing accepts a connection there (asked 7 times within 12 s)",
        ),
        (
            f"Generic S3 error: DeleteObjects request failed for key {_REPEATED}: {_REPEATED} (code: AccessDenied)",
            StoreRefused,
            "AccessDenied",
        ),
        (
            f"x - Server returned non-2xx status code: 400 Bad Request: <Code>{SECRET}</Code>",
            StoreUnreachable,
            "400 Bad Request",
        ),
        (
            "Generic S3 error: Error performing PUT http://169.254.169.254/latest/api/token in 10s, after 6 retries - HTTP error",
            StoreRefused,
            "there are no credentials for it on this machine",
        ),
        (
            "Generic GCS error: Error performing token request: Error performing GET http://metadata.google.internal/x",
            StoreRefused,
            "there are no credentials for it on this machine",
        ),
        (
            "Generic AwsLcCryptoProvider error: Error reading pem file: no items found",
            StoreRefused,
            "Generic AwsLcCryptoProvider error: Error reading pem file: no items found",
        ),
    ],
)
def test_what_a_store_repeats_is_not_repeated_and_decides_nothing(
    said: str, kind: type[StoreFault], told: str
) -> None:
    with pytest.raises(StoreFault) as raised, faults("lake"):
        raise GenericError(f"{said}\n\nDebug source:\nCredential {{ {SECRET} }}")

    assert type(raised.value) is kind
    assert str(raised.value) == f"store 'lake': {told}"


@pytest.mark.parametrize(
    ("credentials", "named"),
    [
        ({"account_key": "a-secret!"}, "its account_key is no key of an account"),
        ({"sas_key": "a-secret!"}, "its sas is no shared access signature"),
    ],
)
def test_what_cannot_be_a_key_is_named_and_not_shown(credentials: dict[str, str], named: str) -> None:
    own = StoreSettings(
        "lake", "azure", "docs", "http://127.0.0.1:1/acme", account="acme", credentials=credentials
    )

    with pytest.raises(StoreRefused) as refused:
        ObjectStore(own).read("a.txt")

    assert str(refused.value) == f"store 'lake': {named}"


def test_a_store_that_is_not_there_is_unreachable(
    any_bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docbatch.stores.object_store._RETRIES", 0)
    gone = ObjectStore(replace(any_bucket.settings, endpoint="http://127.0.0.1:9"))

    with pytest.raises(StoreUnreachable, match="store 'lake'"):
        gone.facts("a.txt")


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize("kinds", [("LIST",), ("HEAD",), ("PUT",)])
def test_what_passes_is_asked_again_a_dozen_times_and_then_told(
    bucket: MotoBucket, monkeypatch: pytest.MonkeyPatch, status: int, kinds: tuple[Kind, ...]
) -> None:
    monkeypatch.setattr("docbatch.stores.object_store._FIRST_WAIT", 0.001)
    monkeypatch.setattr("docbatch.stores.object_store._LONGEST_WAIT", 0.002)
    with FaultProxy(bucket.endpoint) as proxy:
        store = ObjectStore(replace(bucket.settings, endpoint=proxy.endpoint))

        def ask() -> object:
            done: dict[str, Callable[[], object]] = {
                "LIST": lambda: list(store.windows("")),
                "HEAD": lambda: store.facts("a.txt"),
                "PUT": lambda: store.write("a.txt", b"apple"),
            }
            return done[kinds[0]]()

        proxy.instead = refusing(None, refusal(status, "SlowDown"), *kinds)
        with pytest.raises(StoreUnreachable, match=f"{status}.*asked 13 times within"):
            ask()
        proxy.instead = refusing(12, refusal(status, "SlowDown"), *kinds)
        ask()
