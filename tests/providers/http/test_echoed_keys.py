"""A vendor that repeats the key it was given: the key is shown and kept nowhere."""

import json
import re
from base64 import b64encode, urlsafe_b64encode
from contextlib import closing
from urllib.parse import quote

import pytest

from docbatch.core.errors import Unavailable
from docbatch.providers.http.identities import LONGEST_ID, identity
from docbatch.providers.http.keyed import KeyedClient
from docbatch.providers.http.presigned import PresignedClient
from docbatch.providers.http.redaction import CUT, _spelled, without_keys
from tests.emulators.sockets import Peer, answer, answering
from tests.steps import steps

KEY = "sk_live/0123456789+abc"
SAID = json.dumps(
    {"id": KEY, "text": f"Bearer {KEY}", "link": "https://x.example/?k=sk_live%2F0123456789%2Babc"}
).encode()


def test_an_answer_repeats_no_key() -> None:
    with Peer(answering(answer(200, SAID))) as peer, client(peer) as asking:
        reply = asking.ask("GET", "/x")

    assert reply.json() == {"id": "[cut]", "text": "[cut]", "link": "https://x.example/?k=[cut]"}


def test_a_download_repeats_no_key() -> None:
    with (
        Peer(answering(answer(200, SAID))) as peer,
        closing(PresignedClient(peer.url, secrets=(KEY,))) as downloads,
    ):
        content = downloads.get(f"{peer.url}/x", limit=10_000)

    assert b"0123456789" not in content


def client(peer: Peer) -> closing[KeyedClient]:
    return closing(KeyedClient(peer.url, {"Authorization": f"Bearer {KEY}"}))


def coded(form: str) -> str:
    return "".join(form.format(ord(each)) for each in KEY)


SPELLINGS = {
    "as some write JSON": KEY.replace("/", "\\/").replace("+", "\\u002B"),
    "in JSON all over": coded("\\u{:04x}"),
    "in JSON within JSON": json.dumps(json.dumps(KEY).replace("/", "\\/"))[3:-3],
    "in a URL, in small letters": KEY.replace("/", "%2f").replace("+", "%2b"),
    "twice in a URL": KEY.replace("/", "%252F"),
    "in a URL all over": coded("%{:02x}"),
    "in HTML": coded("&#{};"),
    "in HTML, in sixteens": coded("&#x{:X};").replace("&", "&amp;"),
    "in base64": b64encode(b"user:" + KEY.encode()).decode(),
    "in base64 for URLs": urlsafe_b64encode(b"::" + KEY.encode() + b"?").decode(),
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("spelled", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_no_spelling_of_a_key_is_repeated(spelled: str, encoding: str) -> None:
    content = f'{{"id": "x {spelled} y", "text": "caf\\u00e9 & 50%"}}'.encode(encoding)

    text = without_keys(content, (KEY, f"Bearer {KEY}")).decode(encoding)

    assert text.startswith('{"id": "x ')
    assert text.endswith(' y", "text": "caf\\u00e9 & 50%"}')
    assert CUT in text
    assert len(text) < 80


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32-be"])
def test_what_repeats_no_key_stays_byte_for_byte(encoding: str) -> None:
    content = f'{{"text": "{KEY[:-1]} \\u0073 %41 &#65; \\/"}}'.encode(encoding) + b"\xff"

    assert without_keys(content, (KEY,)) == content


@pytest.mark.parametrize(
    "part", [b"\\", b"%25", b"&#0", b"&amp;#", b"\\u0073k_live", b"%73k_live", b"sk_live/012345678"]
)
def test_a_hostile_answer_takes_work_in_proportion_to_its_length(part: bytes) -> None:
    marks, spelled = _spelled(KEY)
    for pattern in (*(mark for _, mark in marks), spelled):
        text = part.decode() * 60
        plain = re.compile(pattern.pattern.decode())
        assert steps(plain, text) <= 2.1 * steps(plain, text[: len(text) // 2]) + 50, pattern


@pytest.mark.parametrize("place", [f"/{KEY}/x", f"//{KEY}", f"/x?k={KEY}", f"/{quote(KEY, safe='')}"])
def test_no_header_repeats_a_key(place: str) -> None:
    with (
        Peer(answering(answer(302, b"", {"Location": place, "ETag": KEY, "X-Request": KEY}))) as peer,
        client(peer) as asking,
    ):
        asked = asking.ask("GET", "/x", redirects=True)

    assert "0123456789" not in f"{asked.headers} {asked.cause}"


@pytest.mark.parametrize(
    "head", [f"HTTP/1.1 {KEY} no\r\n\r\n", f"{KEY}\r\n\r\n", f"HTTP/1.1 200 OK\r\n{KEY}\r\n\r\n"]
)
def test_no_broken_answer_repeats_a_key(head: str) -> None:
    with Peer(answering(head.encode())) as peer, client(peer) as asking, pytest.raises(Unavailable) as raised:
        asking.ask("GET", "/x")

    assert "0123456789" not in f"{raised.value.message} {raised.value.cause}"


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
    with Peer(answering(answer(200, b"[" + b"{}," * 2_000_000 + b"{}]"))) as peer, client(peer) as asking:
        reply = asking.ask("GET", "/x")

        with pytest.raises(Unavailable, match="too many values"):
            reply.json()
