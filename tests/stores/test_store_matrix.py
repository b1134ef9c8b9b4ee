"""From a bucket into a bucket, killed before and after every request to the store, and with a store that misbehaves."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import unquote

import pytest

from docbatch.emulators.exchange import ENDLESS, FAULTS, Request
from docbatch.testing.crash import MODES, Mode
from tests.providers.extend.test_matrix import vendor as extend
from tests.providers.extractpage.test_matrix import vendor as extractpage
from tests.providers.llamacloud.test_matrix import vendor as llamacloud
from tests.stores import fault_proxy
from tests.stores.buckets import VENDORS
from tests.stores.fault_proxy import kind, refusing, slow_down
from tests.stores.store_matrix import StoreAttempt, StoreMatrix, local

PROVIDERS = {"local": local, "extend": extend, "llamacloud": llamacloud, "extractpage": extractpage}
WHOLE = [(store, provider) for store in VENDORS for provider in PROVIDERS]
EVERY = [
    *((store, "local") for store in VENDORS),
    *(("s3", vendor) for vendor in PROVIDERS if vendor != "local"),
]
"""Those that are killed at every request: every store with one provider, every provider with one store."""
SHORT = [("s3", "local", MODES), ("azure", "local", MODES[1:]), ("gcs", "extend", MODES[1:])]


def _matrix(
    store: str, provider: str, folder: Path, before: Callable[[StoreAttempt], object] | None = None
) -> StoreMatrix:
    made = StoreMatrix(store, PROVIDERS[provider](), folder)
    if before is not None:
        made.before = before
    return made


def _done_and_changed(attempt: StoreAttempt) -> None:
    """All is done; then one document is replaced, one is gone, one is new, one output was edited and one deleted."""
    assert attempt.run().code == 0
    keys = sorted(key for key in attempt.bucket.objects() if key.startswith("in/"))
    outputs = sorted(attempt.outputs())
    attempt.bucket.put(keys[0], b"the replaced document")
    attempt.bucket.remove(keys[1])
    attempt.bucket.put("in/new.txt", b"the new document")
    attempt.bucket.put(outputs[-1], b"edited")
    attempt.bucket.remove(outputs[-2])


@pytest.mark.parametrize(("store", "provider", "modes"), SHORT, ids=[store for store, *_ in SHORT])
def test_a_run_killed_at_a_request_ends_as_an_undisturbed_one(
    store: str, provider: str, modes: Sequence[Mode], tmp_path: Path
) -> None:
    matrix = _matrix(store, provider, tmp_path)
    drawn = random.Random(f"{store} {provider}")

    assert matrix.wrong([(drawn.choice(matrix.requests), mode) for mode in modes]) == []


@pytest.mark.full
@pytest.mark.parametrize(("store", "provider"), EVERY)
def test_a_run_killed_at_any_request_ends_as_an_undisturbed_one(
    store: str, provider: str, tmp_path: Path
) -> None:
    matrix = _matrix(store, provider, tmp_path)

    assert matrix.wrong((number, mode) for number in matrix.requests for mode in MODES) == []


@pytest.mark.full
@pytest.mark.parametrize(("store", "provider"), [each for each in WHOLE if each not in EVERY])
def test_a_run_killed_at_some_requests_ends_as_an_undisturbed_one(
    store: str, provider: str, tmp_path: Path
) -> None:
    matrix = _matrix(store, provider, tmp_path)
    drawn = random.Random(f"{store} {provider}").sample(matrix.requests, 4)

    assert matrix.wrong((number, mode) for number in drawn for mode in MODES) == []


@pytest.mark.full
@pytest.mark.parametrize("store", VENDORS)
def test_a_later_run_killed_at_any_request_ends_as_an_undisturbed_one(store: str, tmp_path: Path) -> None:
    matrix = _matrix(store, "local", tmp_path, _done_and_changed)

    assert matrix.wrong((number, mode) for number in matrix.requests for mode in MODES) == []


def test_an_answer_that_fails_changes_nothing_in_the_end(tmp_path: Path) -> None:
    matrix = _matrix("s3", "local", tmp_path)
    drawn = random.Random(3)

    assert matrix.wrong([(drawn.choice(matrix.requests), drawn.choice(FAULTS))]) == []


@pytest.mark.full
@pytest.mark.parametrize("store", VENDORS)
@pytest.mark.parametrize("fault", [*FAULTS, *ENDLESS])
def test_any_answer_that_fails_changes_nothing_in_the_end(store: str, fault: str, tmp_path: Path) -> None:
    matrix = _matrix(store, "local", tmp_path)
    drawn = random.Random(f"{store} {fault}").sample(matrix.requests, 3)

    assert matrix.wrong((number, fault) for number in drawn) == []


def _lists(alter: Callable[[], fault_proxy.Alteration], page: int | None) -> Callable[[StoreAttempt], object]:
    def disturb(attempt: StoreAttempt) -> None:
        attempt.proxy.page = page
        attempt.proxy.alter = alter()

    return disturb


def _calm(attempt: StoreAttempt) -> None:
    attempt.proxy.alter = lambda _request, response: response
    attempt.proxy.instead = lambda _request: None


LISTS = {
    "missing": (lambda: fault_proxy.missing("in/one.txt", "out/one.txt.md"), None),
    "repeating": (lambda: fault_proxy.repeating("in/one.txt", "out/one.txt.md"), None),
    "repeating_a_page": (fault_proxy.repeating_a_page, 1),
    "losing_a_page": (fault_proxy.losing_a_page, 1),
}


@pytest.mark.full
@pytest.mark.parametrize("begins", ["first", "later"])
@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("store", ["s3", "gcs"])
def test_a_list_that_lies_once_changes_nothing_in_the_end(
    store: str, name: str, begins: str, tmp_path: Path
) -> None:
    matrix = _matrix(store, "local", tmp_path, _done_and_changed if begins == "later" else None)

    assert matrix.disturbed(_lists(*LISTS[name]), _calm) is None


@pytest.mark.full
@pytest.mark.parametrize("asked", ["LIST", "GET", "HEAD", "PUT"])
@pytest.mark.parametrize("store", VENDORS)
def test_a_store_that_refuses_for_a_run_changes_nothing_in_the_end(
    store: str, asked: fault_proxy.Kind, tmp_path: Path
) -> None:
    matrix = _matrix(store, "local", tmp_path)

    def disturb(attempt: StoreAttempt) -> None:
        attempt.proxy.instead = refusing(None, slow_down(), asked)

    assert matrix.disturbed(disturb, _calm) is None


@pytest.mark.parametrize(
    ("store", "provider"),
    [
        ("s3", "extend"),
        *(pytest.param(*each, marks=pytest.mark.full) for each in WHOLE if each != ("s3", "extend")),
    ],
)
def test_an_object_that_changes_as_it_is_read_is_paid_as_what_it_became(
    store: str, provider: str, tmp_path: Path
) -> None:
    def change(attempt: StoreAttempt) -> None:
        key = min(key for key in attempt.bucket.objects() if key.startswith("in/"))
        attempt.bucket.put(key, b"the changed document")

    matrix = _matrix(store, provider, tmp_path, change)
    assert matrix.requests
    changed: list[str] = []

    def disturb(attempt: StoreAttempt) -> None:
        key = min(key for key in attempt.bucket.objects() if key.startswith("in/"))
        attempt.bucket.put(key, b"the document before")

        def arrived(request: Request) -> None:
            if kind(request) == "GET" and unquote(request.path).endswith(key):
                changed.append(key)
                attempt.proxy.arrived = lambda _request: None
                attempt.bucket.put(key, b"the changed document")

        attempt.proxy.arrived = arrived

    assert matrix.disturbed(disturb) is None
    assert len(changed) == 1
