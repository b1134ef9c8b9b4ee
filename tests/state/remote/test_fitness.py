"""Stores that do not do what a state in them relies on: each is refused with what it does not do, and is left as it was."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from docbatch.core.errors import CredentialsError, StateError, UnfitStore
from docbatch.emulators.exchange import Request, Response
from docbatch.state.remote.fitness import RACING, require_fitness
from docbatch.state.remote.record_stores import BucketRecords
from docbatch.state.remote.store_requests import Get, ListBelow, Put, Remove, StoredObject
from tests.state.remote.kept_records import KeptRecords, draw
from tests.stores.buckets import Bucket
from tests.stores.fault_proxy import FaultProxy, kind, refusal, refusing
from tests.stores.moto_server import moto_bucket


class Careless(KeptRecords):
    """A store that ignores a condition, is late, or says what is not so."""

    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault

    def answer(self, request: Get | Put | ListBelow | Remove) -> Any:
        match request:
            case Put(name, content, None):
                return self._create(name, content, request)
            case Put(name, content, str()):
                return self._replace(name, content, request)
            case Get(name) if name in self.objects:
                return self._read(name)
            case ListBelow() if self.fault == "lists late":
                return ()
            case Remove() if self.fault == "removes late":
                return None
        return super().answer(request)

    def _replace(self, name: str, content: bytes, put: Put) -> Any:
        if self.fault == "replaces nothing":
            return None
        if self.fault == "replaces anything":
            self.objects[name] = (content, self.now)
            return "tag"
        return super().answer(put)

    def _read(self, name: str) -> Any:
        if self.fault == "reads late":
            return None
        if self.fault == "tags anew":
            return StoredObject(self.objects[name][0], draw(), self.now)
        return super().answer(Get(name))

    def _create(self, name: str, content: bytes, put: Put) -> Any:
        is_racing = content.isdigit()
        if self.fault == "creates over" or (self.fault == "creates over in a race" and is_racing):
            self.objects.pop(name, None)
        answer = super().answer(put)
        if self.fault == "mixes up" and is_racing:
            self.objects[name] = (b"another", self.now)
        if self.fault == "tells all that they won" and is_racing:
            return "tag"
        return answer


FAULTS = {
    "creates over": r"ignores the condition that nothing is there yet \(If-None-Match: \*\): an object was written over",
    "creates over in a race": rf"of {RACING} who created one object at once, \d+ were told .* \(If-None-Match: \*\)",
    "tells all that they won": rf"of {RACING} who created one object at once, {RACING} were told that they did",
    "mixes up": "an object is not what its creator wrote",
    "replaces anything": r"ignores the condition that a certain object is there \(If-Match\): .* was another by then",
    "replaces nothing": r"\(If-Match\), an object is not replaced that is just that one",
    "lists late": "what was written is not listed at once",
    "reads late": "what was written is not read at once",
    "tags anew": "an object's tag changes without the object",
    "removes late": "what was removed is still read",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_store_that_does_not_is_refused_and_left_as_it_was(fault: str) -> None:
    store = Careless(fault)

    with pytest.raises(UnfitStore, match=f"^the store cannot hold a state: .*{FAULTS[fault]}") as refused:
        require_fitness(store, draw, store.wait)

    assert refused.value.exit_code == 64
    assert refused.value.hint is not None
    assert "keep the state in another store" in refused.value.hint
    if fault != "removes late":
        assert store.objects == {}


def test_a_store_that_does_all_of_it_is_fit_and_left_as_it_was() -> None:
    store = KeptRecords()

    require_fitness(store, draw, store.wait)

    assert store.objects == {}
    assert store.waited == []


def test_a_store_that_is_slow_to_settle_is_no_unfit_one() -> None:
    store = KeptRecords()
    store.loses = lambda _: False

    with pytest.raises(StateError, match="does not say whether") as refused:
        require_fitness(store, draw, store.wait)

    assert not isinstance(refused.value, UnfitStore)


class Older(FaultProxy):
    """A store of a version that knows nothing of some headers, and does what is asked as if they were not there."""

    def __init__(self, target: str, unknown: str) -> None:
        super().__init__(target)
        self._unknown = unknown

    def route(self, request: Request) -> Response:
        headers: Mapping[str, str] = {
            name: text for name, text in request.headers.items() if name != self._unknown
        }
        return super().route(dataclasses.replace(request, headers=headers))


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with moto_bucket() as bucket:
        yield bucket


@pytest.mark.parametrize(("unknown", "named"), [("if-none-match", "If-None-Match"), ("if-match", "If-Match")])
def test_a_server_that_ignores_a_condition_is_refused(bucket: Bucket, unknown: str, named: str) -> None:
    with Older(bucket.endpoint, unknown) as proxy:
        records = BucketRecords(dataclasses.replace(bucket.settings, endpoint=proxy.endpoint), "state/")

        with pytest.raises(UnfitStore, match=rf"ignores the condition .*\({named}"):
            require_fitness(records, draw, lambda _: None)

    assert bucket.objects() == {}


@pytest.mark.parametrize(("header", "named"), [("if-none-match", "If-None-Match"), ("if-match", "If-Match")])
def test_a_server_that_does_not_offer_a_condition_is_refused(bucket: Bucket, header: str, named: str) -> None:
    with FaultProxy(bucket.endpoint) as proxy:
        refused = refusing(None, refusal(501, "NotImplemented"), "PUT")
        proxy.instead = lambda request: refused(request) if header in request.headers else None
        records = BucketRecords(dataclasses.replace(bucket.settings, endpoint=proxy.endpoint), "state/")

        with pytest.raises(
            UnfitStore, match=rf"does not take the condition .*\({named}.*501 Not Implemented"
        ):
            require_fitness(records, draw, lambda _: None)

    assert bucket.objects() == {}


def test_who_may_not_remove_is_told_before_anything_is_believed(bucket: Bucket) -> None:
    with FaultProxy(bucket.endpoint) as proxy:
        denied = refusal(403, "AccessDenied")
        proxy.instead = lambda request: denied if kind(request) == "DELETE" else None
        records = BucketRecords(dataclasses.replace(bucket.settings, endpoint=proxy.endpoint), "state/")

        with pytest.raises(CredentialsError, match="AccessDenied"):
            require_fitness(records, draw, lambda _: None)
