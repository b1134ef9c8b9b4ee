"""A state that is encrypted: read with its key, refused with any other, and told from one that was altered."""

import base64
import dataclasses
import hashlib
import hmac
import json
import sqlite3
import sys
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from docbatch.core.errors import AlteredState, CredentialsError, DocbatchError, GuardRefused, UsageError
from docbatch.state.remote.leases import read_lease
from docbatch.state.remote.log_records import LogRecord, RecordKind, read_record
from docbatch.state.remote.object_names import LEASE, log_name, log_position
from docbatch.state.remote.remote_state import refresh
from docbatch.state.remote.state_chunks import PIECE, PLAIN, ChunkForm, write_chunks
from docbatch.state.remote.state_key import StateKey, read_secret
from docbatch.state.remote.store_requests import Put
from tests.state.remote.kept_records import KeptRecords
from tests.state.remote.machines import begin, kill, machine, names, place, rows

SECRET = bytes(range(32))
FORM = ChunkForm(StateKey.of(SECRET, "p"))
OTHER = ChunkForm(StateKey.of(SECRET[::-1], "p"))


pytestmark = pytest.mark.usefixtures("quick_state")


def write(store: KeptRecords, folder: Path, form: ChunkForm = FORM) -> None:
    """Have one machine write records, a snapshot and records again, another that dies go on, and a third."""
    with machine(store, folder, form=form) as one:
        one.add("s1")
        assert one.state.snapshot()
        one.add("s2")
    dead = begin(store, folder.with_name("dead"), "dead", form=form)
    dead.add("s3")
    kill(dead)
    with machine(store, folder, takes="dead", form=form) as one:
        one.add("s4")


def records(store: KeptRecords) -> list[LogRecord]:
    places = ((name, log_position(name)) for name in store.log())
    return [read_record(store.objects[name][0], at, "p") for name, at in places if at is not None]


def test_what_one_wrote_another_reads_with_the_same_key(store: KeptRecords, a: Path, b: Path) -> None:
    write(store, a)

    refresh(place(store, FORM), "p", b)

    assert names(b / "state.db") == ["s1", "s2", "s3", "s4"]
    assert rows(b / "state.db") == rows(a / "state.db")


def test_contents_are_encrypted_and_heads_can_be_read(store: KeptRecords, a: Path) -> None:
    write(store, a)

    written = records(store)
    bodies = [each.body for each in written if each.body and each.kind is not RecordKind.SNAPSHOT]
    chunks = [content for name, (content, _) in store.objects.items() if name.startswith("chunks/")]
    for content in (*bodies, *chunks):
        # A line of JSON, or what was deflated, is what stands there without a key.
        assert b"\n" not in content[:1]
        assert b'"form"' not in content
        for start in range(64):
            with pytest.raises(zlib.error):
                zlib.decompress(content[start:])
    assert len(bodies) > 3
    assert FORM.key is not None
    assert {each.key for each in written} == {FORM.key.id}
    assert read_lease(store.objects[LEASE][0], "p").key == FORM.key.id
    snapshot = next(content for name, (content, _) in store.objects.items() if name.startswith("snapshots/"))
    assert json.loads(snapshot.split(b"\n")[1])["key"] == FORM.key.id
    assert not any(
        SECRET.hex().encode() in content or SECRET in content for content, _ in store.objects.values()
    )


def test_names_say_nothing_of_contents(store: KeptRecords, a: Path) -> None:
    write(store, a)

    content = (a / "state.db").read_bytes()[:PIECE]
    assert FORM.digest(content) != PLAIN.digest(content)
    assert FORM.digest(content) != ChunkForm(StateKey.of(SECRET, "q")).digest(content)
    assert OTHER.digest(content) not in {name.rpartition("/")[2] for name in store.objects}


def test_what_is_kept_is_as_published(store: KeptRecords) -> None:
    """HKDF of RFC 5869 and AES-256-GCM, so that a state can be read by any program that has the key."""

    def derived(purpose: str) -> bytes:
        drawn = hmac.new(bytes(32), SECRET, hashlib.sha256).digest()
        info = f"docbatch/state/1\n{purpose}\np".encode()
        return hmac.new(drawn, info + b"\x01", hashlib.sha256).digest()

    (name,) = store.do(write_chunks(7, [b"content"], {}, FORM))
    stored, _ = store.objects[name]

    assert FORM.key_id == derived("id")[:8].hex()
    assert name == f"chunks/0000000007/{hmac.new(derived('names'), b'content', hashlib.sha256).hexdigest()}"
    opened = AESGCM(derived("contents")).decrypt(stored[:12], stored[12:], name.encode())
    assert zlib.decompress(opened) == b"content"


def test_the_same_content_is_never_encrypted_to_the_same_bytes() -> None:
    once, again = FORM.encrypted("packs/1", b"x" * 300_000), FORM.encrypted("packs/1", b"x" * 300_000)

    assert once != again
    assert FORM.decrypted("packs/1", once) == FORM.decrypted("packs/1", again) == b"x" * 300_000
    assert PLAIN.decrypted("packs/1", PLAIN.encrypted("packs/1", b"x")) == b"x"


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_whichever_answers_are_lost_the_same_bytes_are_put_again(
    store: KeptRecords, a: Path, b: Path, seed: int, *, done: bool
) -> None:
    draw = Random(seed)
    store.loses = lambda _: done if draw.random() < 0.3 else None
    with machine(store, a, form=FORM) as one:
        one.add("s1")
        one.state.snapshot()

    put: dict[str, set[bytes]] = {}
    for each in store.asked:
        if isinstance(each, Put) and each.name != LEASE:
            put.setdefault(each.name, set()).add(each.content)
    refresh(place(store, FORM), "p", b)
    assert {len(contents) for contents in put.values()} == {1}
    assert names(b / "state.db") == ["s1"]


WRONG: dict[str, tuple[ChunkForm, ChunkForm, type[DocbatchError], int, str]] = {
    "another": (
        FORM,
        OTHER,
        CredentialsError,
        12,
        "with another key: with [0-9a-f]{16}, and this is [0-9a-f]{16}",
    ),
    "none": (FORM, PLAIN, CredentialsError, 12, "is encrypted, and this project gives no key"),
    "needless": (PLAIN, FORM, GuardRefused, 6, "is not encrypted, and this project gives it a key"),
}


@pytest.mark.parametrize("which", ["all there is", "one that fell behind", "none"])
@pytest.mark.parametrize("wrong", WRONG)
def test_another_key_is_told_and_nothing_is_written(
    store: KeptRecords, a: Path, b: Path, wrong: str, which: str
) -> None:
    written, given, kind, code, words = WRONG[wrong]
    folder = {"all there is": a, "one that fell behind": a.with_name("dead"), "none": b}[which]
    write(store, a, written)
    objects = dict(store.objects)
    before = rows(folder / "state.db") if folder.exists() else []

    with pytest.raises(kind, match=words) as looked:
        refresh(place(store, given), "p", folder)
    with pytest.raises(kind, match=words) as taken:
        begin(store, folder, form=given)

    for refused in (looked, taken):
        assert refused.value.exit_code == code
        assert refused.value.hint is not None
        assert refused.value.hint.startswith("nothing was sent or changed")
        assert SECRET.hex() not in refused.value.message + refused.value.hint
    assert store.objects == objects
    assert before == (rows(folder / "state.db") if before else [])
    refresh(place(store, written), "p", folder)
    assert names(folder / "state.db") == ["s1", "s2", "s3", "s4"]


def _first(store: KeptRecords, prefix: str) -> list[str]:
    return [name for name in sorted(store.objects) if name.startswith(prefix)]


def _flip_chunk(store: KeptRecords) -> None:
    name = _first(store, "chunks/")[0]
    content, date = store.objects[name]
    store.objects[name] = (content[:40] + bytes([content[40] ^ 1]) + content[41:], date)


def _short_chunk(store: KeptRecords) -> None:
    store.objects[_first(store, "chunks/")[0]] = (b"short", 0.0)


def _chunk_of_another_name(store: KeptRecords) -> None:
    one, two = _first(store, "chunks/")[:2]
    store.objects[one] = store.objects[two]


def _chunk_of_another_project(store: KeptRecords) -> None:
    name = _first(store, "chunks/")[0]
    content = FORM.unpacked(name, store.objects[name][0])
    store.objects[name] = (ChunkForm(StateKey.of(SECRET, "q")).packed(name, content), 0.0)


def _body_of_another_record(store: KeptRecords) -> None:
    """Put a body under another head, with digests that are right all along."""
    (*_, former, last) = (each for each in records(store) if each.kind is RecordKind.INTENT)
    moved = dataclasses.replace(last, body=former.body)
    end = moved.end()
    store.objects[log_name(last.position)] = (moved.written(), 0.0)
    for each in (each for each in records(store) if each.position > last.position):
        follows = dataclasses.replace(each, previous=end.digest)
        store.objects[log_name(each.position)] = (follows.written(), 0.0)
        end = follows.end()
    lease = read_lease(store.objects[LEASE][0], "p")
    store.objects[LEASE] = (dataclasses.replace(lease, reached=end).written(), 0.0)


@pytest.mark.parametrize(
    "alter",
    [_flip_chunk, _short_chunk, _chunk_of_another_name, _chunk_of_another_project, _body_of_another_record],
)
def test_what_was_altered_or_exchanged_is_told_from_a_wrong_key(
    store: KeptRecords, a: Path, b: Path, alter: Callable[[KeptRecords], None]
) -> None:
    with machine(store, a, form=FORM) as one:
        with one.store.write():
            one.store.database.execute("CREATE TABLE filler (content BLOB)")
            one.store.database.executemany(
                "INSERT INTO filler VALUES (?)", [(bytes(4000),) for _ in range(200)]
            )
        one.add("s1", None)
        one.add("s2")
        one.add("s3")
    alter(store)

    with pytest.raises(AlteredState, match="it was not encrypted as what it stands for"):
        refresh(place(store, FORM), "p", b)


@pytest.mark.parametrize(
    "text", [SECRET.hex(), SECRET.hex().upper() + "\n", base64.b64encode(SECRET).decode()]
)
def test_a_key_is_given_in_hexadecimal_digits_or_in_base64(text: str) -> None:
    assert read_secret(text) == SECRET
    assert ChunkForm.of(text, "p") == FORM
    assert ChunkForm.of(None, "p") == PLAIN


@pytest.mark.parametrize(
    "text", ["", "secret", "ab" * 31, "ab" * 33, base64.b64encode(bytes(31)).decode(), "é" * 64]
)
def test_what_is_no_key_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(CredentialsError, match="is not 32 bytes") as refused:
        read_secret(text)

    assert not text or text not in refused.value.message
    assert "openssl rand -base64 32" in (refused.value.hint or "")


def test_no_text_shows_a_key() -> None:
    assert FORM.key is not None
    shown = repr(FORM) + repr(begin)

    for secret in (SECRET, FORM.key.names, FORM.key.contents):
        assert repr(secret) not in shown
        assert secret.hex() not in shown


def test_without_the_extra_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.kdf.hkdf", None)

    with pytest.raises(UsageError, match="without the extra 'encryption'"):
        StateKey.of(SECRET, "p")


def test_a_copy_is_a_database_as_any_other(store: KeptRecords, a: Path) -> None:
    write(store, a)

    with closing(sqlite3.connect(a / "state.db")) as connection:
        assert connection.execute("SELECT count(*) FROM submission").fetchone() == (4,)
