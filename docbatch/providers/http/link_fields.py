"""Fields of a vendor's answer that hold its own signed links; they are cut to host and path before anything is kept."""

import re
from collections.abc import Iterator
from functools import cache

_BEFORE_A_NAME = b" \t\n\r\v\f{,"


def without_queries(encoded: bytes, field: str) -> bytes:
    """Cut the links in one field of an encoded JSON value, wherever it has it; everything else stays byte for byte.

    Words of a document are no fields: inside a string a quote has a backslash before it.
    """
    return b"".join(_pieces(encoded, b'"%s"' % field.encode()))


def _pieces(encoded: bytes, name: bytes) -> Iterator[bytes]:
    """Yield what stays, going from name to name: a pattern tried at every byte takes longer than all else of a fetch."""
    kept = 0
    at = encoded.find(name)
    while at >= 0:
        end = at + len(name)
        link = _link().match(encoded, end) if encoded[at - 1 : at] in _BEFORE_A_NAME else None
        if link:
            yield encoded[kept : link.end("path")]
            kept = end = link.end()
        at = encoded.find(name, end)
    yield encoded[kept:] if kept else encoded


@cache
def _link() -> re.Pattern[bytes]:
    """Return the pattern of a value that is a link with something to cut; what stays is its `path`."""
    start, mark = rb"[?#]", rb"\\u003[fF]|\\u0023"
    return re.compile(
        rb'(?P<path>\s*:\s*"https?:(?:[^"\\?#]|\\(?!u003[fF]|u0023).)*)'
        rb"(?:" + start + rb"|" + mark + rb')(?:[^"\\]|\\.)*'
    )
