"""One form for what travels between processes: whole whatever the pieces, and never more than was agreed."""

from dataclasses import dataclass

import pytest

from docbatch.processes import frames
from docbatch.processes.frames import CHUNK, NONSENSE, Frame, Frames, message_of, pack, read_message, write

SENT = [Frame("ready"), Frame(["keep", 1, None, "caf\udce9"], b"\n\0" * 1000), Frame({}, b""), Frame(0, b"x")]
BYTES = b"".join(part for frame in SENT for part in pack(frame))


@dataclass(frozen=True)
class Cut:
    at: int
    what: str = ""


@dataclass(frozen=True)
class Fold:
    at: int


@pytest.mark.parametrize("size", [1, 7, 1000, len(BYTES)])
def test_frames_are_whole_in_whatever_pieces_they_arrive(size: int) -> None:
    held = Frames()

    arrived = [
        frame for start in range(0, len(BYTES), size) for frame in held.feed(BYTES[start : start + size])
    ]

    assert arrived == SENT


def test_frames_before_nonsense_arrive_and_what_follows_it_is_kept() -> None:
    held = Frames()
    arrived: list[Frame] = []
    nonsense = (7).to_bytes(4) + bytes(8) + b"{} {} {"

    with pytest.raises(NONSENSE):
        arrived.extend(held.feed(BYTES + nonsense + BYTES))
    arrived.extend(held.feed(b""))

    assert arrived == SENT * 2


def test_what_is_small_is_written_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[bytes] = []

    def note(_pipe: int, part: memoryview) -> int:
        written.append(bytes(part))
        return len(part)

    monkeypatch.setattr("docbatch.processes.frames.os.write", note)
    for payload in (b"x", b"x" * (CHUNK + 1)):
        write(-1, pack(Frame("a", payload)))

    small, message, large = written
    assert small.endswith(b'"a"x')
    assert message.endswith(b'"a"')
    assert large == b"x" * (CHUNK + 1)


@pytest.mark.parametrize("frame", [Frame("x" * 11), Frame("", b"x" * 11)])
def test_what_is_too_large_is_neither_sent_nor_waited_for(
    monkeypatch: pytest.MonkeyPatch, frame: Frame
) -> None:
    head = pack(frame)[0][:12]
    monkeypatch.setattr(frames, "MOST_MESSAGE", 10)
    monkeypatch.setattr(frames, "MOST_PAYLOAD", 10)

    with pytest.raises(ValueError, match="too large"):
        pack(frame)
    with pytest.raises(ValueError, match="too large"):
        list(Frames().feed(head))


@pytest.mark.parametrize("text", [b"ready", b'"caf\xe9"', b"[" * 100_000])
def test_what_is_no_message_is_told_from_one(text: bytes) -> None:
    with pytest.raises(NONSENSE):
        list(Frames().feed(len(text).to_bytes(4) + bytes(8) + text))


def test_values_travel_as_messages_of_known_kinds() -> None:
    assert read_message(message_of(Cut(1, "a")), Fold, Cut) == Cut(1, "a")
    assert read_message(message_of(Fold(1)), Fold, Cut) == Fold(1)
    for message in (message_of(Cut(1)), ["Fold", 1, 2], [], 7, None):
        with pytest.raises(NONSENSE):
            read_message(message, Fold)
