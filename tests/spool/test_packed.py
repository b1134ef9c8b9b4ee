import gzip
import hashlib
import os
import zlib

import pytest

from docbatch import packed as format_
from docbatch.packed import DICTIONARY, HEAD_SIZE, Codec, entry, packed, read_head, unpacked

PAYLOAD = b"what the vendor answered" * 100
DIGEST = hashlib.sha256(PAYLOAD).hexdigest()
RELEASED = "f0f398c6f8ad28a9fb06e24c3caef22ab9477ceacf1b92836e2df4408caf4fea"


@pytest.mark.parametrize("payload", [b"", b"x", PAYLOAD, os.urandom(3 << 20)])
def test_what_is_packed_is_unpacked(payload: bytes) -> None:
    assert unpacked(packed(payload), hashlib.sha256(payload).hexdigest()) == payload


def test_equal_payloads_make_equal_entries_that_tell_their_digest_and_length() -> None:
    made = packed(PAYLOAD)
    head = read_head(made)

    assert made == packed(PAYLOAD)
    assert head is not None
    assert (head.digest, head.size) == (DIGEST, len(made))


def test_the_dictionary_stays_as_it_was_released() -> None:
    assert hashlib.sha256(DICTIONARY).hexdigest() == RELEASED


def test_any_other_implementation_of_deflate_reads_and_writes_entries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours = packed(PAYLOAD)
    monkeypatch.setattr(format_, "deflate", zlib)
    monkeypatch.setattr(format_, "DAMAGE", zlib.error)

    assert unpacked(ours, DIGEST) == unpacked(packed(PAYLOAD), DIGEST) == PAYLOAD


def test_an_entry_of_gzip_is_read() -> None:
    assert unpacked(entry(DIGEST, Codec.GZIP, gzip.compress(PAYLOAD)), DIGEST) == PAYLOAD


GOOD = packed(PAYLOAD)


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        GOOD[:HEAD_SIZE],
        GOOD[:-1],
        GOOD + b"\0",
        b"\0" + GOOD[1:],
        GOOD[:1] + b"\x63" + GOOD[2:],
        GOOD[:-3] + b"abc",
        packed(b"another"),
        entry(DIGEST, Codec.GZIP, gzip.compress(PAYLOAD)[:-9]),
        entry(DIGEST, Codec.GZIP, b"no gzip"),
        entry(DIGEST, Codec.DEFLATE, GOOD[HEAD_SIZE:-2]),
    ],
    ids=[
        "nothing", "head", "short", "long", "no head", "unknown codec", "altered", "another", "cut gzip", "no gzip", "cut",
    ],
)  # fmt: skip
def test_what_is_damaged_is_no_payload(damaged: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        unpacked(damaged, DIGEST)


@pytest.mark.parametrize("codec", list(Codec))
def test_a_bomb_is_not_expanded_beyond_the_limit(codec: Codec) -> None:
    bomb = bytes(10_000_000)
    digest = hashlib.sha256(bomb).hexdigest()
    made = packed(bomb) if codec is Codec.DEFLATE else entry(digest, codec, gzip.compress(bomb))

    with pytest.raises(ValueError, match="larger than 1000 bytes"):
        unpacked(made, digest, 1000)


def test_a_payload_of_just_the_limit_is_read() -> None:
    assert unpacked(GOOD, DIGEST, len(PAYLOAD)) == PAYLOAD


def test_a_small_answer_takes_few_bytes() -> None:
    said = "document 7"
    answer = (
        f'{{"format":"docbatch/local/v2","engine":"plain","partial":false,"markdown":"{said}","text":"{said}","pages":[],'
        f'"blocks":[{{"kind":"text","text":"{said}"}}],"tables":[],"attachments":[],"metadata":{{}},"warnings":[]}}'
    ).encode()

    assert len(packed(answer)) < HEAD_SIZE + 50 < len(answer) / 2
