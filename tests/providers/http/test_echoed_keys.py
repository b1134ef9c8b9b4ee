"""A vendor that repeats the key it was given: the key is shown and kept nowhere."""

import json

import pytest

from docbatch.core.errors import Unavailable
from docbatch.providers.http.identities import LONGEST_ID, identity
from docbatch.providers.http.keyed import KeyedClient
from docbatch.providers.http.presigned import PresignedClient
from docbatch.providers.http.redaction import without_keys
from tests.emulators.sockets import Peer, answer, answering

KEY = "sk_live/0123456789+abc"
SAID = json.dumps(
    {"id": KEY, "text": f"Bearer {KEY}", "link": "https://x.example/?k=sk_live%2F0123456789%2Babc"}
).encode()


def test_an_answer_repeats_no_key() -> None:
    with Peer(answering(answer(200, SAID))) as peer:
        reply = KeyedClient(peer.url, {"Authorization": f"Bearer {KEY}"}).ask("GET", "/x")

    assert reply.json() == {"id": "[cut]", "text": "[cut]", "link": "https://x.example/?k=[cut]"}


def test_a_download_repeats_no_key() -> None:
    with Peer(answering(answer(200, SAID))) as peer:
        content = PresignedClient(peer.url, secrets=(KEY,)).get(f"{peer.url}/x", limit=10_000)

    assert b"0123456789" not in content


def test_a_short_word_is_left_in_results() -> None:
    assert without_keys(b"rehearsal", ("rehearsal",)) == b"rehearsal"


@pytest.mark.parametrize(
    "value", [None, 1, ["a"], "", "a\nb", "a\x00", "a\u200b", "\ufffd", "x[cut]", "x" * (LONGEST_ID + 1)]
)
def test_what_can_be_no_id_is_none(value: object) -> None:
    assert identity(value) is None


def test_an_id_is_what_the_vendor_says() -> None:
    assert identity("bat-1/2:é") == "bat-1/2:é"


def test_an_answer_that_would_fill_the_memory_is_not_read() -> None:
    with Peer(answering(answer(200, b"[" + b"{}," * 2_000_000 + b"{}]"))) as peer:
        reply = KeyedClient(peer.url, {"Authorization": f"Bearer {KEY}"}).ask("GET", "/x")

        with pytest.raises(Unavailable, match="too many values"):
            reply.json()
