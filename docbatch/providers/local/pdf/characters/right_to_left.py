"""Lines of Hebrew and Arabic whose words the engine writes in another order than the page's raw text."""

import re
from collections import Counter
from collections.abc import Sequence

from docbatch.providers.local.engines import Json
from docbatch.providers.local.pdf.characters.own_characters import rewrite
from docbatch.providers.local.pdf.pdf_document import PdfDocument

_LETTER = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_WORD = re.compile(r"\S+")
_LINE_END = re.compile(r"[\r\n]+")
_FEWEST_WORDS = 2
_MOST_LINES = 200
_MOST_WORDS = 5000


def restore(document: PdfDocument) -> None:
    """Let the words of each such line follow each other as on their page."""
    for page in document.pages:
        raw = "" if document.is_read_as_picture(page) else document.raw(page["number"])
        if has_any(raw):
            _restore(page, raw)


def _restore(page: Json, raw: str) -> None:
    rewrite(page, lambda texts: in_order(texts, raw))


def has_any(raw: str) -> bool:
    return _LETTER.search(raw) is not None


def in_order(texts: Sequence[str], raw: str) -> list[str]:
    """Return texts in which the words of each such line follow each other as in `raw`."""
    lines = [_WORD.findall(line) for line in _LINE_END.split(raw) if _LETTER.search(line)][:_MOST_LINES]
    lines = [line for line in lines if len(line) >= _FEWEST_WORDS]
    return [_in_order(text, lines) if has_any(text) else text for text in texts]


def _in_order(text: str, lines: Sequence[Sequence[str]]) -> str:
    for line in lines:
        found = list(_WORD.finditer(text))
        if len(found) > _MOST_WORDS:
            return text
        at = _place([match[0] for match in found], line)
        if at is not None:
            first, last = found[at].start(), found[at + len(line) - 1].end()
            gaps = _WORD.split(text[first:last])[1:]
            text = (
                text[:first] + "".join(word + gap for word, gap in zip(line, gaps, strict=True)) + text[last:]
            )
    return text


def _place(words: Sequence[str], line: Sequence[str]) -> int | None:
    """Return where just the words of a line stand, in any order."""
    size = len(line)
    left = Counter(line)
    left.subtract(words[:size])
    wrong = sum(count != 0 for count in left.values())
    for at in range(len(words) - size + 1):
        if not wrong:
            return at
        if at + size < len(words):
            for word, change in ((words[at], 1), (words[at + size], -1)):
                wrong -= left[word] != 0
                left[word] += change
                wrong += left[word] != 0
    return None
