"""Letters beyond the first 65,536, such as pictograms and those of formulas, which the engine leaves out."""

import re

_RARE = re.compile(r"[\U00010000-\U0010ffff][\ufe0f\u200d\U00010000-\U0010ffff]*")
_SPACE = re.compile(r"\s+")
_AROUND = 8
_MOST = 200


def has_any(raw: str) -> bool:
    return _RARE.search(raw) is not None


class RareLetters:
    """Puts such letters of a raw text into texts that have what stands around them."""

    def __init__(self, raw: str) -> None:
        plain = _SPACE.sub(" ", raw)
        self._gaps = [
            _gap(plain, match) for match, _ in zip(_RARE.finditer(plain), range(_MOST), strict=False)
        ]

    def put_in(self, texts: list[str]) -> list[str]:
        return [self._put_in(text) for text in texts]

    def _put_in(self, text: str) -> str:
        if has_any(text):
            return text
        for gap, letters in self._gaps:
            found = gap.search(text)
            if found:
                text = f"{text[: found.start()]}{letters}{text[found.end() :]}"
        return text


def _gap(text: str, match: re.Match[str]) -> tuple[re.Pattern[str], str]:
    """Return what finds the place of such letters, and what stands there with the spaces around it."""
    start, end = match.span()
    before, after = text[max(start - _AROUND, 0) : start], text[end : end + _AROUND]
    # The next such letters are put in later.
    after = _RARE.split(after)[0]
    behind = re.escape(before.rstrip())
    ahead = re.escape(after.lstrip())
    spaces = before[len(before.rstrip()) :], after[: len(after) - len(after.lstrip())]
    return re.compile(
        rf"(?<={behind})\s*(?={ahead})" if behind else rf"\A\s*(?={ahead})"
    ), f"{spaces[0]}{match[0]}{spaces[1]}"
