"""Whether a delivery is authentic, judged beside the vendor's own verifier where there is one."""

import time
from collections.abc import Callable, Mapping

import pytest
from extend_ai.wrapper.webhooks import Webhooks

from docbatch.emulators.extend.webhook import delivery as from_extend
from docbatch.emulators.llamacloud.webhook import delivery as from_llamacloud
from docbatch.emulators.webhooks import Delivery
from docbatch.providers.extend.webhook import WEBHOOK as EXTEND
from docbatch.providers.llamacloud.webhook import WEBHOOK as LLAMACLOUD
from docbatch.providers.webhook import Malformed, Message

SECRET = "wss_0123456789abcdef"
PAYLOAD = {"object": "batch_run", "id": "bpr_1", "note": "Grüße, 你好"}


def lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def taken(delivery: Delivery, now: float | None = None, *secrets: str) -> bool:
    headers = lower(delivery.headers)
    if not EXTEND.is_authentic(headers, delivery.body, secrets or (SECRET,)):
        return False
    return EXTEND.read(headers, delivery.body).is_fresh(time.time() if now is None else now)


def altered(delivery: Delivery, name: str, value: str) -> Delivery:
    return Delivery(delivery.body, {**delivery.headers, name: value})


def genuine(age: float = 0.0, secret: str = SECRET) -> Delivery:
    return from_extend("batch_parse_run.processed", PAYLOAD, secret, at=time.time() - age)


def resigned(change: Callable[[str], str]) -> Delivery:
    return altered(genuine(), SIGNATURE, change(genuine().headers[SIGNATURE]))


SIGNATURE = "X-Extend-Request-Signature"
CASES: dict[str, Callable[[], Delivery]] = {
    "genuine": genuine,
    "another secret": lambda: genuine(secret=SECRET + "0"),
    "secret without its prefix": lambda: genuine(secret=SECRET.removeprefix("wss_")),
    "another body": lambda: Delivery(genuine().body + b" ", genuine().headers),
    "another time": lambda: altered(genuine(), "X-Extend-Request-Timestamp", str(int(time.time()) - 1)),
    "no signature": lambda: resigned(lambda _: ""),
    "half a signature": lambda: resigned(lambda whole: whole[:32]),
    "capital letters": lambda: resigned(str.upper),
    "290 s old": lambda: genuine(290),
    "310 s old": lambda: genuine(310),
    "50 s ahead": lambda: genuine(-50),
    "70 s ahead": lambda: genuine(-70),
}


@pytest.mark.parametrize("case", CASES)
def test_we_take_what_the_vendors_own_verifier_takes(case: str) -> None:
    delivery = CASES[case]()
    theirs = Webhooks().verify(delivery.body, dict(delivery.headers), SECRET)

    assert taken(delivery) == theirs
    assert theirs == (case in {"genuine", "290 s old", "50 s ahead"})


@pytest.mark.parametrize(("age", "fresh"), [(299, True), (301, False), (-59, True), (-61, False)])
def test_a_delivery_stays_fresh_for_a_while(age: int, fresh: bool) -> None:
    now = float(int(time.time()))

    assert taken(from_extend("x", PAYLOAD, SECRET, at=now - age), now) == fresh


def test_while_a_secret_is_changed_either_is_right() -> None:
    assert taken(genuine(), None, "wss_new", SECRET)
    assert taken(genuine(), None, SECRET, "wss_new")
    assert not taken(genuine(), None, "wss_new", "wss_newer")


@pytest.mark.parametrize("output_format", ["string", "json"])
def test_both_formats_of_llamacloud_are_read(output_format: str) -> None:
    inside = {"id": "bat-1", "job_id": "bat-1", "url": "https://example.com/?sig=1"}
    sent = from_llamacloud(
        "batch.success", inside, SECRET, event="e-1", at=1000.5, output_format=output_format
    )

    assert LLAMACLOUD.is_authentic(lower(sent.headers), sent.body, [SECRET])
    assert not LLAMACLOUD.is_authentic(lower(sent.headers), sent.body + b" ", [SECRET])
    assert not LLAMACLOUD.is_authentic(lower(sent.headers), sent.body, ["another"])
    assert LLAMACLOUD.read({}, sent.body) == Message("e-1", "batch.success", 1000.5, ("bat-1",))


def test_the_signature_of_llamacloud_is_a_known_one() -> None:
    # Case 2 of RFC 4231.
    digest = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    headers = {"lc-signature": f"sha256={digest}"}

    assert LLAMACLOUD.is_authentic(headers, b"what do ya want for nothing?", ["Jefe"])


def test_only_ids_are_taken_from_a_run_and_the_link_to_its_result_is_not() -> None:
    payload = {
        "object": "signed_data_url",
        "id": "exr_1",
        "data": "https://storage.example.com/x?X-Amz-Signature=planted",
        "metadata": {"submission": "pabcdef012345-s1", "item": "k"},
    }
    sent = from_extend("extract_run.processed", payload, SECRET, at=1000)

    read = EXTEND.read(lower(sent.headers), sent.body)

    assert read == Message("event_1", "extract_run.processed", 1000.0, ("exr_1",), "pabcdef012345-s1")


MALFORMED = {
    "no JSON": b"eventId=1",
    "no text": b"\xff\xfe",
    "no mapping": b"[1]",
    "no id": b'{"eventType": "x", "payload": {}}',
    "an id that is a path": b'{"eventId": "../state", "eventType": "x", "payload": {}}',
    "an id that is long": b'{"eventId": "' + b"e" * 201 + b'", "eventType": "x", "payload": {}}',
    "no payload": b'{"eventId": "e", "eventType": "x"}',
    "far too deep": b'{"eventId": "e", "eventType": "x", "payload": '
    + b"[" * 100_000
    + b"]" * 100_000
    + b"}",
}


@pytest.mark.parametrize("case", MALFORMED)
def test_what_is_malformed_is_refused(case: str) -> None:
    with pytest.raises(Malformed):
        EXTEND.read({"x-extend-request-timestamp": "1000"}, MALFORMED[case])


@pytest.mark.parametrize("stamp", ["", "soon", "-1", "1e3", "9" * 13])
def test_a_timestamp_is_a_number_of_seconds(stamp: str) -> None:
    with pytest.raises(Malformed):
        EXTEND.read({"x-extend-request-timestamp": stamp}, genuine().body)


@pytest.mark.parametrize("stamp", ['"1000"', "null", "true", "NaN", "1e400", "1" + "0" * 400])
def test_a_timestamp_inside_a_body_is_one_too(stamp: str) -> None:
    body = f'{{"event_id": "e", "event_type": "x", "timestamp": {stamp}, "data": {{}}}}'

    with pytest.raises(Malformed):
        LLAMACLOUD.read({}, body.encode())
