"""Lines and words of a page that the engine left out, put back where they stand."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence

from docbatch.providers.local import blocks, word_guard
from docbatch.providers.local.engines import Json
from docbatch.providers.local.pdf.lines import page_markdown, running_lines
from docbatch.providers.local.pdf.pdf_document import PdfDocument
from docbatch.providers.local.pdf.raw_text import HYPHEN, Box, Span

_Piece = tuple[str, Box, bool]
"""A text, where it stands, and whether it follows the one before without anything between."""

_TOKEN_BEFORE = re.compile(r"[^\s\w]*\Z")
_TOKEN_AFTER = re.compile(r"[^\s\w]*")
_BROKEN = re.compile(rf"(?<=[^\W\d_A-Z]){HYPHEN}(?=[^\W\d_A-Z])")
_LONGEST_MARKS = 20
_NEAR_THE_EDGE = 0.25
_SAID = 20


def put_back(document: PdfDocument) -> None:
    """Complete each page by the words of its raw text that its Markdown leaves out, and say how many they were."""
    counts = {
        page["number"]: _complete(document, page)
        for page in document.pages
        if not document.is_read_as_picture(page)
    }
    counts = {number: count for number, count in counts.items() if count}
    if counts:
        said = ", ".join(f"{count} on page {number}" for number, count in list(counts.items())[:_SAID])
        more = ", and more on others" if len(counts) > _SAID else ""
        document.warnings.append(
            f"words that the engine left out were put back where they stand: {said}{more}"
        )


def _complete(document: PdfDocument, page: Json) -> int:
    raw = document.raw(page["number"])
    lacking = word_guard.left_out(raw, page["markdown"])
    if not lacking:
        return 0
    spans = [_with_marks(raw, span) for span in lacking]
    places = document.places(page["number"], spans)
    pieces = [
        (raw[start:end], place, _follows(raw, previous, (start, end)))
        for previous, (start, end), place in zip([None, *spans[:-1]], spans, places, strict=True)
        if place
    ]
    new: dict[int, list[Json]] = defaultdict(list)
    for number, text, box in _grouped(pieces, page["blocks"]):
        new[number].append({**blocks.paragraph(_written(text)), "bbox": [round(side, 2) for side in box]})
    page_markdown.insert(page, new)
    return sum(len(word_guard.words(text)) for text, box, _ in pieces if not _is_page_number(text, box, page))


def _is_page_number(text: str, box: Box, page: Json) -> bool:
    away = min(box[3], page["height"] - box[1])
    return running_lines.is_page_number(text) and away < page["height"] * _NEAR_THE_EDGE


def _with_marks(raw: str, span: Span) -> Span:
    """Return a piece together with the signs that touch it, such as brackets and currencies."""
    start, end = span
    before = _TOKEN_BEFORE.search(raw[max(start - _LONGEST_MARKS, 0) : start])
    after = _TOKEN_AFTER.match(raw[end : end + _LONGEST_MARKS])
    return start - len(before[0] if before else ""), end + len(after[0] if after else "")


def _follows(raw: str, previous: Span | None, span: Span) -> bool:
    return previous is not None and not raw[previous[1] : span[0]].strip()


def _grouped(pieces: Sequence[_Piece], before: Sequence[Json]) -> Iterator[tuple[int, str, Box]]:
    """Yield the pieces with the number of the block that each stands before, neighbours of one place as one."""
    text, box, at = "", None, -1
    for piece, place, follows in pieces:
        number = page_markdown.number_at(place, before)
        if box and follows and number == at:
            text, box = f"{text}\n{piece}", _around(box, place)
            continue
        if box:
            yield at, text, box
        text, box, at = piece, place, number
    if box:
        yield at, text, box


def _around(one: Box, other: Box) -> Box:
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])


def _written(text: str) -> str:
    """Return a text as a reader takes it, its words joined where a line breaks them."""
    if HYPHEN in text:
        text = _BROKEN.sub("", text).replace(HYPHEN, "-")
    return unicodedata.normalize("NFC", text)
