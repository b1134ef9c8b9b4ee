"""Mailboxes: mails behind each other in one file, each below a line that begins with "From "."""

import mmap
import re

from docbatch.media import charset_guess, charsets

_NEXT_MAIL = re.compile(rb"(?:\A|\n\r?\n)From [^\r\n]*\d{4}[^\r\n]*\r?\n(?=[!-9;-~]+:)")
_QUOTED_FROM = re.compile(rb"^>(?=>*From )", re.MULTILINE)
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_FIRST = b"From "


def narrow(data: bytes) -> bytes:
    """Return a mail that was saved as wide characters, or with a byte order mark, as bytes of UTF-8."""
    if data.startswith(_MARKS) or charset_guess.unmarked_unicode(data):
        return charsets.decode(data).text.encode("utf-8", "replace")
    return data.lstrip(b"\r\n")


def starts(data: bytes | mmap.mmap) -> list[int]:
    """Return where the mails of a mailbox begin; none where it is no mailbox."""
    return [found.start() for found in _NEXT_MAIL.finditer(data)] if data[: len(_FIRST)] == _FIRST else []


def mail(data: bytes | mmap.mmap, start: int, end: int) -> bytes:
    """Return one mail as it was before it was put into the mailbox."""
    return _QUOTED_FROM.sub(b"", data[start:end].lstrip(b"\r\n").partition(b"\n")[2])
