"""Letters that a page draws in two strokes, an accent and what it stands on, as one letter."""

import re
import unicodedata

_MARKS = {
    "\xa8": "\u0308", "\xaf": "\u0304", "\xb4": "\u0301", "\xb8": "\u0327", "\u02c6": "\u0302", "\u02c7": "\u030c", "\u02d8": "\u0306",
    "\u02d9": "\u0307", "\u02da": "\u030a", "\u02db": "\u0328", "\u02dc": "\u0303", "\u02dd": "\u030b", "`": "\u0300",
}  # fmt: skip
_DOTLESS = {"\u0131": "i", "\u0237": "j"}
# An acute or grave one is a quotation mark to some; at the start of a word it is an accent if no second one closes the word.
_ACCENTED = re.compile(
    "(?:([\xa8\xaf\xb8\u02c6\u02c7\u02d8\u02d9\u02da\u02db\u02dc\u02dd])|(?<=[^\\W\\d_])([\xb4`])|(?<!\\S)(\xb4)(?!\\w{1,40}\xb4))"
    "([^\\W\\d_])"
)


def decomposed(text: str) -> str:
    """Return a text with every such pair as a letter and its combining accent: as long as it was."""
    return _ACCENTED.sub(_in_two, text) if _may_have(text) else text


def composed(text: str) -> str:
    """Return a text with every such pair as one letter."""
    if not _may_have(text):
        return text
    return _ACCENTED.sub(lambda match: unicodedata.normalize("NFC", _in_two(match)), text)


def _may_have(text: str) -> bool:
    return any(accent in text for accent in _MARKS)


def _in_two(match: re.Match[str]) -> str:
    *accents, letter = match.groups()
    base = _DOTLESS.get(letter, letter)
    two = base + _MARKS[next(filter(None, accents))]
    return two if len(unicodedata.normalize("NFC", two)) == 1 else match[0]
