"""Files that another program put into a document: what is packed into an object (OLE) taken out, with its name."""

import struct

from docbatch.media import compound_file

_PACKED = "\x01Ole10Native"
_WHOLE = ("CONTENTS", "Package")
_LONGEST_NAME = 1000


def unpacked(name: str, data: bytes) -> tuple[str, bytes]:
    """Return the file inside an object, and its name; the object itself where there is none."""
    try:
        streams = compound_file.read(data).streams
    except ValueError:
        return name, data
    try:
        if _PACKED in streams:
            return _native(streams[_PACKED])
    except (ValueError, struct.error):
        return name, data
    whole = next((streams[each] for each in _WHOLE if streams.get(each)), None)
    return (name, whole) if whole is not None else (name, data)


def _native(stream: bytes) -> tuple[str, bytes]:
    """Take apart: size, kind, label, path, four bytes, length and path of a copy, length and bytes of the file."""
    label, at = _text(stream, 6)
    _, at = _text(stream, at)
    (length,) = struct.unpack_from("<I", stream, at + 4)
    at += 8 + length
    (size,) = struct.unpack_from("<I", stream, at)
    content = stream[at + 4 : at + 4 + size]
    if len(content) < size:
        raise ValueError("the file breaks off")
    return label, content


def _text(stream: bytes, at: int) -> tuple[str, int]:
    end = stream.index(b"\0", at, at + _LONGEST_NAME)
    return stream[at:end].decode("cp1252", "replace"), end + 1
