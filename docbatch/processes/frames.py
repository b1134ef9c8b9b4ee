"""What travels between a process and its children: a message in JSON and, behind it, bytes as they are."""

import json
import os
import struct
from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_HEAD = struct.Struct(">IQ")
_encoded = json.JSONEncoder(separators=(",", ":")).encode
_decoded = json.JSONDecoder().raw_decode
MOST_MESSAGE = 16 << 20
MOST_PAYLOAD = 4 << 30
CHUNK = 1 << 16
"""Bytes of a pipe that are read at once."""

NONSENSE = (ValueError, KeyError, TypeError, IndexError, RecursionError)
"""What reading a frame or its message may raise when the other side did not mean one."""


class Frame(NamedTuple):
    message: Any
    payload: bytes = b""


READY = Frame("ready")
"""The first thing a child says."""
LAST = Frame("last")
"""What a child says that answers no more and ends."""


def message_of(value: "DataclassInstance") -> list[Any]:
    """Return a plain dataclass as a message, which `read_message` makes it again."""
    return [type(value).__name__, *(getattr(value, each.name) for each in fields(value))]


def read_message(message: Any, *kinds: type[Any]) -> Any:
    """Return a value of one of the kinds. Raises one of NONSENSE."""
    name, *values = message
    return {kind.__name__: kind for kind in kinds}[name](*values)


class Frames:
    """Frames out of the bytes of a pipe, in whatever pieces they arrive."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, chunk: bytes) -> Iterator[Frame]:
        """Yield the frames that are complete. Raises one of NONSENSE for what is none."""
        self._held += chunk
        begin = 0
        try:
            while len(self._held) - begin >= _HEAD.size:
                message, payload = _HEAD.unpack_from(self._held, begin)
                _check(message, payload)
                middle = begin + _HEAD.size + message
                end = middle + payload
                if len(self._held) < end:
                    return
                with memoryview(self._held) as held:
                    text, content = str(held[begin + _HEAD.size : middle], "utf-8"), bytes(held[middle:end])
                begin = end
                yield Frame(_message(text), content)
        finally:
            del self._held[:begin]


def pack(frame: Frame) -> tuple[bytes, bytes]:
    """Return what is to be written of a frame, in two parts so that the payload is not copied.

    Raises ValueError for one that is too large.
    """
    message = _encoded(frame.message).encode()
    _check(len(message), len(frame.payload))
    return _HEAD.pack(len(message), len(frame.payload)) + message, frame.payload


def write(pipe: int, parts: tuple[bytes, bytes]) -> None:
    """Write a packed frame to a pipe, waiting where that is full. Raises OSError."""
    # Whoever waits for what is small is woken once.
    for part in (b"".join(parts),) if len(parts[1]) <= CHUNK else parts:
        rest = memoryview(part)
        while rest:
            rest = rest[os.write(pipe, rest) :]


def _message(text: str) -> Any:
    message, end = _decoded(text)
    if end != len(text):
        raise ValueError(f"{len(text) - end} characters follow a message")
    return message


def _check(message: int, payload: int) -> None:
    if message > MOST_MESSAGE or payload > MOST_PAYLOAD:
        raise ValueError(f"a message of {message} bytes with {payload} bytes behind it is too large")
