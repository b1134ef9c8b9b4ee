"""Raised words: an exponent and a note's mark are no longer what they were once they stand on the line."""

import re

_SUPERSCRIPT = str.maketrans("0123456789+-\u2212=()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾")
_HAS_SIGNS = re.compile(r"\s*[0-9+\-\u2212=()]+\s*")


def raised(text: str) -> str:
    """Return text in raised signs, so that 10 to the 6th does not become 106; text without such signs as it is."""
    return text.translate(_SUPERSCRIPT) if _HAS_SIGNS.fullmatch(text) else text
