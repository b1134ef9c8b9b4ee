"""Paths as text: file names are bytes and need not be UTF-8.

`escape` is the only way a path becomes text and `unescape` undoes it, so two documents never share a text.
"""

import re

_RAW = re.compile("[\udc80-\udcff]")
_AMBIGUOUS = re.compile("%(?=25|[89A-F][0-9A-F])")
_ESCAPED = re.compile(b"%(25|[89A-F][0-9A-F])")


def escape(path: bytes) -> str:
    """Return the path as text: bytes that are not UTF-8 become %XX.

    A literal "%" is left as it is unless what follows would read as such an escape; then it becomes %25.
    """
    try:
        text = path.decode()
    except UnicodeDecodeError:
        text = _AMBIGUOUS.sub("%25", path.decode(errors="surrogateescape"))
        return _RAW.sub(lambda match: f"%{ord(match[0]) - 0xDC00:02X}", text)
    return _AMBIGUOUS.sub("%25", text) if "%" in text else text


def unescape(text: str) -> bytes:
    """Return the path that `escape` turned into this text."""
    return _ESCAPED.sub(lambda match: bytes([int(match[1], 16)]), _encoded(text))


def _encoded(text: str) -> bytes:
    try:
        # What a command line says may be a path itself: bytes that are not UTF-8.
        return text.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return text.encode(errors="replace")
