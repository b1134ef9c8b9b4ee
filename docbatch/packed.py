"""A result as it lies in a pack of the spool: a small head, and behind it its compressed bytes.

    1 byte     0xDB
    1 byte     how it is compressed, see `Codec`
    4 bytes    how many compressed bytes there are, big-endian
    32 bytes   SHA-256 of the uncompressed bytes

Whoever makes a result makes this of it, in whichever process, and the spool copies it as it is.
"""

import hashlib
import os
import struct
import zlib
from enum import IntEnum
from pathlib import Path
from typing import Any, NamedTuple, cast

from docbatch.owner_only import opener

try:
    from isal import isal_zlib as deflate
except ImportError:
    deflate = cast("Any", zlib)

DAMAGE = cast("type[Exception]", deflate.error)
_HEAD = struct.Struct(">BBI32s")
_MARK = 0xDB
HEAD_SIZE = _HEAD.size
LIMIT = 1 << 30
"""The largest result that is read, in uncompressed bytes."""

MOST_CARRIED = 1 << 18
"""The largest entry, in bytes, that one process hands to another as it is; what is larger is written to a file."""

_LEVEL, _RAW, _GZIP = 1, -15, 31

DICTIONARY = (
    b'"next_page_token":null,"created_at":"updated_at":"status":"completed","success":true,"error":null,"usage":{"credits":'
    b'"confidence":0.9"citations":[],"boundingBox":{"left":0,"top":0,"right":0,"bottom":0},"polygon":[{"x":0,"y":0},'
    b'"details":{},"chunks":[{"type":"page","content":"","metadata":{"pageRange":{"start":1,"end":1}},"blocks":['
    b'"job":{"id":"","markdown":{"pages":[{"page_number":1,"success":true,"markdown":"","text":"","items":[],'
    b'{"kind":"heading","level":1,"text":"{"kind":"list_item","text":"{"kind":"image","text":""},{"kind":"table","rows":[["'
    b'","bbox":[72.0,"width":612.0,"height":792.0,"table":0,"page":1,"metadata":{"title":"","author":"","warnings":["lost: '
    b'"attachments":[],"metadata":{"blocks":[{"kind":"paragraph","text":""}]}],"engine":"liteparse ","xberg '
    b'","pages":[{"number":1,"text":"","blocks":[{"kind":"text","text":"\\n\\n\\u00"}],"tables":[],"attachments":[],"metadata":{},'
    b'"warnings":[]}","pages":[],"blocks":[{"kind":"text","text":"'
    b'{"format":"docbatch/local/v2","engine":"plain","partial":false,"markdown":"'
)
"""What small results have in common. It is part of the format: entries that were made with it are read with it for ever."""


class Codec(IntEnum):
    """How an entry is compressed: as one gzip member, or as raw deflate that begins with `DICTIONARY` as known."""

    GZIP = 1
    DEFLATE = 2


class Head(NamedTuple):
    """What stands before the compressed bytes: `codec`, their `length`, and the digest of the payload in hexadecimal."""

    codec: int
    length: int
    digest: str

    @property
    def size(self) -> int:
        """Bytes of the whole entry."""
        return HEAD_SIZE + self.length


def packed(payload: bytes) -> bytes:
    """Return a payload as an entry."""
    deflating = deflate.compressobj(_LEVEL, 8, _RAW, 8, 0, DICTIONARY)
    return entry(
        hashlib.sha256(payload).hexdigest(), Codec.DEFLATE, deflating.compress(payload) + deflating.flush()
    )


def entry(digest: str, codec: Codec, compressed: bytes) -> bytes:
    """Return an entry of what is compressed already."""
    return _HEAD.pack(_MARK, codec, len(compressed), bytes.fromhex(digest)) + compressed


def write_entry(path: str | bytes | Path, data: bytes) -> None:
    """Write an entry to a file of its own. Raises OSError; nothing is there then."""
    try:
        with open(path, "wb", opener=opener) as file:
            file.write(data)
    except BaseException:
        Path(os.fsdecode(path)).unlink(missing_ok=True)
        raise


def most_packed(limit: int) -> int:
    """Return how long an entry can be whose payload has no more than `limit` bytes."""
    return HEAD_SIZE + limit + (limit >> 8) + 64


def read_head(data: bytes) -> Head | None:
    """Return the head that data begins with, None where it begins with none."""
    if len(data) < HEAD_SIZE or data[0] != _MARK:
        return None
    _, codec, length, digest = _HEAD.unpack_from(data)
    return Head(codec, length, digest.hex())


def unpacked(data: bytes, digest: str, limit: int = LIMIT) -> bytes:
    """Return the payload of an entry, which has to be the one of this digest.

    Raises ValueError for anything else, and for one of more than `limit` bytes, which is never expanded further than that.
    """
    head = read_head(data)
    if head is None or head.size != len(data):
        raise ValueError("no result lies where it should")
    if head.digest != digest:
        raise ValueError("another result lies in its place")
    payload = expanded(head.codec, memoryview(data)[HEAD_SIZE:], limit)
    if not is_of(payload, digest):
        raise ValueError("its bytes do not match its name")
    return payload


def is_of(payload: bytes, digest: str) -> bool:
    """Say whether a payload is the one of this digest."""
    return hashlib.sha256(payload).hexdigest() == digest


def expanded(codec: int, compressed: bytes | memoryview, limit: int) -> bytes:
    """Decompress, never holding more than `limit` bytes and one. Raises ValueError."""
    if codec == Codec.GZIP:
        inflating = deflate.decompressobj(_GZIP)
    elif codec == Codec.DEFLATE:
        inflating = deflate.decompressobj(_RAW, zdict=DICTIONARY)
    else:
        raise ValueError(f"it is compressed in a way ({codec}) that this version does not know")
    try:
        payload: bytes = inflating.decompress(compressed, limit + 1)
    except DAMAGE as error:
        raise ValueError(str(error)) from error
    if len(payload) > limit:
        raise ValueError(f"it is larger than {limit} bytes")
    if not inflating.eof:
        raise ValueError("it ends early")
    return payload
