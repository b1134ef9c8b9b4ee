"""The characters of a document's bytes: what they are written in, and what does not fit."""

import codecs
import re
from dataclasses import dataclass

from docbatch.media import charset_guess
from docbatch.media.charset_guess import strictly
from docbatch.media.charset_labels import SIBLINGS, codec, shown

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROLS = re.compile(r"[\x80-\x84\x86-\x9f]")
_HOLE = "\ufffd"
_HTML_HEAD = 4096
_ADVICE = "set encoding: where it is another"
_XML = re.compile(rb"""^\s*<\?xml\b[^>]{0,200}?\bencoding\s*=\s*["']([\w.:-]{1,60})["']""")
_META = re.compile(rb"""<meta\b[^>]{0,400}?\bcharset\s*=\s*["']?\s*([\w.:()+-]{1,60})""", re.IGNORECASE)
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A document's text, without a byte order mark.

    `codec` is Python's name of the charset. `lost` says what could not be read, `warnings` what was guessed.
    """

    text: str
    codec: str
    warnings: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


def decode(data: bytes, encoding: str | None = None, declared: str | None = None) -> Decoded:
    """Return the text of bytes.

    A byte order mark says best what they are written in, then `encoding`, which the user names, then `declared`, the
    document's own word; without any it is UTF-8, or guessed. An unknown name counts as none. Never raises.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _read(data[len(mark) :], name)
    named = codec(encoding) if encoding else None
    if named:
        return _read(data, _with_order(data, named))
    own = codec(declared) if declared else None
    return _as_declared(data, own) if own else _undeclared(data)


def declared_in_html(data: bytes) -> str | None:
    """Return the charset that a page names in its head, None where it names none."""
    head = _COMMENT.sub(b"", data[: 2 * _HTML_HEAD])[:_HTML_HEAD]
    found = _XML.search(head) or _META.search(head)
    name = found[1].decode("ascii", "replace") if found else None
    # No browser reads it: it makes tags of what looks like words.
    return None if name and name.lower() == "utf-7" else name


def declared_in_xml(data: bytes) -> str | None:
    """Return the charset of an XML declaration, None where there is none."""
    found = _XML.search(data[:_HTML_HEAD])
    return found[1].decode("ascii", "replace") if found else None


def _as_declared(data: bytes, own: str) -> Decoded:
    if own.startswith(("utf-16", "utf-32")):
        return _as_declared_wide(data, own)
    if own == "utf-8" or data.isascii():
        return (
            _undeclared(data) if charset_guess.unmarked_unicode(data) or own == "utf-8" else _read(data, own)
        )
    fits = strictly(data, own)
    if fits is not None and not _CONTROLS.search(fits) and not _is_rather_utf8(data, fits):
        return Decoded(fits, own)
    utf8 = strictly(data, "utf-8")
    if utf8 is not None:
        return Decoded(utf8, "utf-8", (f"guessed: said to be {shown(own)}, read as utf-8; {_ADVICE}",))
    sibling = SIBLINGS.get(own)
    other = strictly(data, sibling) if sibling else None
    if sibling and other is not None and not _CONTROLS.search(other):
        return Decoded(other, sibling)
    return _read(data, own)


def _as_declared_wide(data: bytes, own: str) -> Decoded:
    unmarked = charset_guess.unmarked_unicode(data)
    if unmarked:
        return _read(data, unmarked)
    # A declaration that can be read as ASCII is not written in two bytes a character.
    return _undeclared(data) if strictly(data, "utf-8") is not None else _read(data, _with_order(data, own))


def _is_rather_utf8(data: bytes, fits: str) -> bool:
    """Whether bytes of one byte a character are well-formed UTF-8, which no words in another charset are."""
    return len(fits) == len(data) and not data.isascii() and strictly(data, "utf-8") is not None


def _undeclared(data: bytes) -> Decoded:
    wide = charset_guess.unmarked_unicode(data) if b"\0" in data else None
    if wide:
        return _read(data, wide, guessed=True)
    named = charset_guess.escaped(data) if b"\x1b" in data or b"~{" in data else None
    if named:
        return _read(data, named, guessed=True)
    whole = strictly(data, "utf-8")
    if whole is not None:
        return Decoded(whole, "utf-8")
    return _damaged_or_guessed(data)


def _damaged_or_guessed(data: bytes) -> Decoded:
    text = data.decode("utf-8", "replace")
    bad = text.count(_HOLE) - data.count(_HOLE.encode())
    good = sum(1 for _ in re.finditer(r"[^\x00-\x7f\ufffd]", text))
    # Hardly any two neighbours in other charsets are well-formed UTF-8.
    if good > bad or _is_cut(data):
        return _read(data, "utf-8")
    return _read(data, charset_guess.guess(data), guessed=True)


def _is_cut(data: bytes) -> bool:
    """Whether only the last character is not whole."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data" and not data[: error.start].isascii()
    return False


def _with_order(data: bytes, name: str) -> str:
    """Return the codec with the order of bytes, where its name leaves it open."""
    if name in {"utf-16", "utf-32"}:
        return charset_guess.unmarked_unicode(data) or f"{name}-le"
    return name


def _read(data: bytes, name: str, *, guessed: bool = False) -> Decoded:
    warnings = (f"guessed: read as {shown(name)}; {_ADVICE}",) if guessed else ()
    try:
        text = data.decode(name)
    except UnicodeDecodeError as error:
        text = data.decode(name, "replace")
        bad = text.count(_HOLE) - (data.count(_HOLE.encode()) if name == "utf-8" else 0)
        places = f"{bad} places" if bad != 1 else "1 place"
        return Decoded(
            text, name, warnings, (f"{places} not written in {shown(name)}, the first at byte {error.start}",)
        )
    lost = _controls(text, name) if name != "utf-8" else ()
    if guessed and not lost and charset_guess.fits_badly(text):
        lost = (f"characters, because no charset fits well; {_ADVICE}",)
    return Decoded(text.removeprefix("\ufeff"), name, warnings, lost)


def _controls(text: str, name: str) -> tuple[str, ...]:
    found = _CONTROLS.findall(text)
    return (f"{len(found)} characters that mean nothing in {shown(name)}",) if found else ()
