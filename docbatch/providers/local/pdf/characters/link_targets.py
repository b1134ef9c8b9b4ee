"""Links in the engine's texts, which it writes as Markdown does."""

import re

_BRACKET = re.compile(r"[\[\]]")
_TARGET = re.compile(r"\((?:https?|ftp|file|mailto):[^\s()]*(?:\([^\s()]*\)[^\s()]*)*\)", re.IGNORECASE)


def without_targets(text: str) -> str:
    """Return a text whose links are only the words that they stand on."""
    if "](" not in text:
        return text
    opened, cuts = [], []
    for bracket in _BRACKET.finditer(text):
        if bracket[0] == "[":
            opened.append(bracket.start())
        elif opened:
            start = opened.pop()
            target = _TARGET.match(text, bracket.end())
            if target:
                cuts += [(start, start + 1), (bracket.start(), target.end())]
    pieces, at = [], 0
    for start, end in sorted(cuts):
        pieces.append(text[at:start])
        at = max(at, end)
    return "".join([*pieces, text[at:]])
