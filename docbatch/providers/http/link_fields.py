"""Fields of a vendor's answer that hold its own signed links; they are cut to host and path before anything is kept."""

import re
from functools import cache


def without_queries(encoded: bytes, field: str) -> bytes:
    """Cut the links in one field of an encoded JSON value, wherever it has it; everything else stays byte for byte.

    Words of a document are no fields: inside a string a quote has a backslash before it.
    """
    return _pattern(field).sub(rb"\1", encoded) if field.encode() in encoded else encoded


@cache
def _pattern(field: str) -> re.Pattern[bytes]:
    start, mark = rb"[?#]", rb"\\u003[fF]|\\u0023"
    return re.compile(
        rb'((?<=[\s{,])"'
        + re.escape(field.encode())
        + rb'"\s*:\s*"https?:(?:[^"\\?#]|\\(?!u003[fF]|u0023).)*)'
        rb"(?:" + start + rb"|" + mark + rb')(?:[^"\\]|\\.)*'
    )
