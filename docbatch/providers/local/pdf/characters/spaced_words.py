"""Words set with wide spaces between their letters, which the engine takes for single letters."""

import re

_SPACED = re.compile(r"(?<!\S)(?:\w{1,2} ){4,200}\w{1,2}(?!\S)")
_SPACE = re.compile(r"\s+")
_SINGLE = 0.7
"""The share of a run's pieces that must be one letter."""
_MOST_LOOKED_FOR = 100


def has_any(text: str) -> bool:
    """Whether a text may have such words."""
    return _SPACED.search(text) is not None


class SpacedWords:
    """Writes the words of texts as the page's raw text does, where that does not part their letters."""

    def __init__(self, raw: str) -> None:
        self._raw = _SPACE.sub(" ", raw)
        self._offsets = [at for at, letter in enumerate(self._raw) if letter != " "]
        self._solid = self._raw.replace(" ", "")
        self._left = _MOST_LOOKED_FOR

    def joined(self, texts: list[str]) -> list[str]:
        return [_SPACED.sub(self._written, text) for text in texts]

    def _written(self, match: re.Match[str]) -> str:
        spaced = match[0]
        pieces = spaced.split(" ")
        self._left -= 1
        is_single = sum(len(piece) == 1 for piece in pieces) >= _SINGLE * len(pieces)
        if self._left < 0 or not is_single or spaced in self._raw:
            return spaced
        letters = "".join(pieces)
        at = self._solid.find(letters)
        if at < 0:
            return spaced
        own = self._raw[self._offsets[at] : self._offsets[at + len(letters) - 1] + 1]
        return own if 2 * len(own.split(" ")) <= len(pieces) else spaced
