"""The proxy itself: what it counts, and that each fault reaches the client and spares the store as it says."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from docbatch.stores.faults import ObjectChanged, ObjectMissing, StoreFault, StoreRefused, StoreUnreachable
from docbatch.stores.object_store import ObjectStore
from tests.stores import fault_proxy
from tests.stores.fault_proxy import FaultProxy, kind, refusal, refusing, slow_down
from tests.stores.moto_server import MotoBucket


@pytest.fixture
def proxy(bucket: MotoBucket) -> Iterator[FaultProxy]:
    with FaultProxy(bucket.endpoint) as proxy:
        yield proxy
        assert proxy.errors == []


@pytest.fixture
def store(bucket: MotoBucket, proxy: FaultProxy) -> ObjectStore:
    return ObjectStore(replace(bucket.settings, endpoint=proxy.endpoint))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask nothing again."""
    monkeypatch.setattr("docbatch.stores.object_store._RETRIES", 0)


def _listed(store: ObjectStore) -> list[str]:
    return [each["path"] for window in store.windows("") for each in window]


def test_it_passes_on_and_counts_by_kind(store: ObjectStore, proxy: FaultProxy, bucket: MotoBucket) -> None:
    etag = store.write("in/ü a.txt", b"one")
    assert store.read("in/ü a.txt", etag=etag, window=(1, 3)) == b"ne"
    assert store.facts("in/ü a.txt") is not None
    assert store.facts("b") is None
    store.copy("in/ü a.txt", "b")
    store.delete("in/ü a.txt")
    assert _listed(store) == ["b"]

    assert proxy.kinds == {"PUT": 1, "GET": 1, "HEAD": 2, "COPY": 1, "DELETE": 1, "LIST": 1}
    assert proxy.asked("GET", "DELETE") == [f"{bucket.name}/in/ü a.txt"] * 2
    assert bucket.objects() == {"b": b"one"}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", ["lost", "reset", "500_after"])
def test_the_answer_to_what_the_store_did_is_lost(
    store: ObjectStore, proxy: FaultProxy, bucket: MotoBucket, fault: str
) -> None:
    proxy.faults[1] = fault

    with pytest.raises(StoreUnreachable):
        store.write("a", b"one")

    assert bucket.objects() == {"a": b"one"}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", ["lost_before", "500_before", "429_plain"])
def test_the_store_hears_nothing_of_a_request(
    store: ObjectStore, proxy: FaultProxy, bucket: MotoBucket, fault: str
) -> None:
    proxy.faults[1] = fault

    with pytest.raises(StoreUnreachable):
        store.write("a", b"one")

    assert bucket.objects() == {}


@pytest.mark.usefixtures("impatient")
def test_an_answer_is_cut_in_its_body(store: ObjectStore, proxy: FaultProxy, bucket: MotoBucket) -> None:
    bucket.put("a", b"many bytes of one object")
    proxy.faults[1] = "truncated"

    with pytest.raises(StoreFault):
        store.read("a")

    assert store.read("a") == b"many bytes of one object"


def test_a_store_that_asks_for_less_is_asked_again(
    store: ObjectStore, proxy: FaultProxy, bucket: MotoBucket
) -> None:
    bucket.put("a", b"one")
    proxy.instead = refusing(2, slow_down(), "GET")

    assert store.read("a") == b"one"
    assert proxy.kinds == {"GET": 3}


@pytest.mark.usefixtures("impatient")
def test_an_answer_for_ever_spares_other_kinds(
    store: ObjectStore, proxy: FaultProxy, bucket: MotoBucket
) -> None:
    bucket.put("a", b"one")
    proxy.instead = refusing(None, refusal(403, "AccessDenied"), "GET", "LIST")

    for _ in range(2):
        with pytest.raises(StoreRefused, match="AccessDenied"):
            store.read("a")
    assert store.facts("a") is not None


@pytest.mark.usefixtures("impatient")
def test_an_answer_never_comes(
    store: ObjectStore, proxy: FaultProxy, bucket: MotoBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docbatch.stores.client_settings._ANSWER_SECONDS", 0.2)
    proxy.pause = 0.05
    proxy.faults[1] = "silent"

    with pytest.raises(StoreUnreachable):
        store.write("a", b"one")

    assert bucket.objects() == {"a": b"one"}


def test_the_client_may_end_before_or_after_the_store_did_it(
    store: ObjectStore, proxy: FaultProxy, bucket: MotoBucket
) -> None:
    seen: list[dict[str, bytes]] = []
    proxy.strike = lambda: seen.append(bucket.objects())
    proxy.faults.update({1: "kill_before", 2: "kill_after"})

    with pytest.raises(ObjectChanged):
        store.write("a", b"one")

    assert seen == [{}, {"a": b"one"}]
    assert proxy.kinds == {"PUT": 3}, "a client that outlives it asks again, and finds its own object"


def test_an_object_changes_as_it_is_asked_for(
    store: ObjectStore, proxy: FaultProxy, bucket: MotoBucket
) -> None:
    bucket.put("a", b"one")
    proxy.arrived = lambda request: (
        kind(request) == "GET" and bucket.client.delete_object(Bucket=bucket.name, Key="a")
    )

    assert _listed(store) == ["a"]
    with pytest.raises(ObjectMissing):
        store.read("a")


ALTERED: list[tuple[Callable[[], fault_proxy.Alteration], list[str]]] = [
    (lambda: fault_proxy.missing("b<&>"), ["a", "c"]),
    (lambda: fault_proxy.repeating("b<&>"), ["a", "b<&>", "b<&>", "c"]),
    (fault_proxy.repeating_a_page, ["a", "b<&>", "a", "b<&>", "c"]),
    (fault_proxy.losing_a_page, ["c"]),
]


@pytest.mark.parametrize(("altered", "told"), ALTERED)
def test_lists_tell_something_else(
    store: ObjectStore,
    proxy: FaultProxy,
    bucket: MotoBucket,
    altered: Callable[[], fault_proxy.Alteration],
    told: list[str],
) -> None:
    for key in ("a", "b<&>", "c"):
        bucket.put(key, b"x")
    proxy.page = 2
    proxy.alter = altered()

    assert _listed(store) == told
    assert _listed(store)[-1] == "c", "what befalls a page does so once"
