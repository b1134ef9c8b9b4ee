"""Text of others' making on its way into the state, onto a terminal, and into a comment on GitHub. Pure.

Vendors, file names, specs and documents say what they like: half a character that no encoding takes, a sequence that moves
a terminal's cursor, marks that are not seen, a line that a CI runner takes for a command.
"""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

T = TypeVar("T")

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_HALF = re.compile("[\ud800-\udfff]")
# Controls, format marks, separators of lines and halves, as Unicode sorts them, and letters that are defined to look like
# nothing. What chooses the look of the character before it stays: pictures in names have it.
_HIDDEN = (
    "\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u2800\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\uffff\U000110bd\U000110cd\U00013430-\U0001345f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_UNSEEN = re.compile(f"[\x00-\x1f{_HIDDEN}]")
_UNSEEN_IN_TEXT = re.compile(f"[\x00-\x08\x0b-\x1f{_HIDDEN}]")
# GitHub's runner takes the first for a command at the start of a line, spaces before it or not; others take the second
# for one wherever it stands.
_COMMAND = re.compile(r"^([^\S\n]*):(?=:)", re.MULTILINE)
_OLD_COMMAND = re.compile(r"##(?=[A-Za-z]*\[)")
_PUNCTUATION = re.compile(r"[\\`*\[\]<>|~&$]|(?<![^\W_])_|_(?![^\W_])|[@#](?=\w)|(?<=:)//|\b(www)\.")
# What GitHub makes an issue's link or a picture of, and what begins a heading or a list.
_SHORTHAND = re.compile(r"\bGH-(?=\d)|:(?=[\w+-]+:)", re.ASCII | re.IGNORECASE)
_BEGINNING = re.compile(r"(?<!.)(#{1,6}|[-+=]+|\d{1,9}(?=[.)]))(?=[.)]?(?:\s|$))")
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}


def whole(text: str) -> str:
    """Return text that every encoding takes: where half a character stands alone is a replacement character."""
    if text.isascii() or not _HALF.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def whole_value(value: T) -> T:
    """Return a value of ours whose texts are `whole`, however deep they lie in mappings, sequences and dataclasses."""
    return _whole(value)  # type: ignore[no-any-return]


def _whole(value: Any) -> Any:
    match value:
        case str():
            # What is an enum stays one.
            return value if value.isascii() else whole(value)
        case Mapping():
            return value if _is_fit(value) else {_whole(key): _whole(each) for key, each in value.items()}
        case list() | tuple() if type(value) in (list, tuple):
            return value if _is_fit(value) else type(value)(map(_whole, value))
        case AbstractSet():
            return value if _is_fit(value) else frozenset(map(_whole, value))
    if not is_dataclass(value) or isinstance(value, type) or _is_fit(value):
        return value
    changed = {each.name: _whole(getattr(value, each.name)) for each in fields(value) if each.init}
    return replace(value, **changed)


def _is_fit(value: Any) -> bool:
    """Say whether there is no half of a character anywhere in a value. Every result passes here: what is plain is told first."""
    if isinstance(value, str):
        return value.isascii() or not _HALF.search(value)
    if value is None or isinstance(value, bytes | int | float):
        return True
    match value:
        case Mapping():
            return all(_is_fit(key) and _is_fit(each) for key, each in value.items())
        case list() | tuple() | AbstractSet():
            return all(map(_is_fit, value))
    # What `fields` would make a list of for each result.
    names = () if isinstance(value, type) else getattr(value, "__dataclass_fields__", ())
    return all(_is_fit(getattr(value, name, None)) for name in names)


def escaped(text: str) -> str:
    """Return text that stays one line, hides nothing, steers no terminal and is no command to a CI runner."""
    return _without_commands(_UNSEEN.sub(_escape, text))


def printed(text: str) -> str:
    """Return several lines of ours as they may be printed: the last look at what others' text in them could still do."""
    return _without_commands(_UNSEEN_IN_TEXT.sub(_escape, text))


def printed_json(text: str) -> str:
    """Return encoded JSON that says the same, without anything that `printed` takes out."""
    plain = _UNSEEN_IN_TEXT.sub(_json_escape, text)
    return _OLD_COMMAND.sub(r"\\u0023#", plain)


def markdown(text: str) -> str:
    """Return text as it stands in GitHub's Markdown: one line, in a table, too, that links, mentions and marks nothing."""
    plain = _SHORTHAND.sub(r"\g<0><!-- -->", _PUNCTUATION.sub(_plain_markdown, escaped(text)))
    return _BEGINNING.sub(_plain_beginning, plain, count=1)


def _plain_beginning(found: re.Match[str]) -> str:
    return f"{found[0]}\\" if found[0].isdigit() else f"\\{found[0]}"


def _plain_markdown(found: re.Match[str]) -> str:
    mark = found[0]
    if mark in _ENTITIES:
        return _ENTITIES[mark]
    if mark in {"@", "#", "//"}:
        # A backslash does not keep GitHub from making a link of it.
        return f"{mark[0]}<!-- -->{mark[1:]}"
    return "www<!-- -->." if found[1] else f"\\{mark}"


def _without_commands(text: str) -> str:
    if "::" in text:
        text = _COMMAND.sub(r"\1\\x3a", text)
    return _OLD_COMMAND.sub(r"\\x23#", text) if "##" in text else text


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def _json_escape(found: re.Match[str]) -> str:
    number = ord(whole(found[0]))
    if number < 0x10000:
        return f"\\u{number:04x}"
    return f"\\u{0xD800 + (number - 0x10000 >> 10):04x}\\u{0xDC00 + (number - 0x10000 & 0x3FF):04x}"
