"""Pages that are pictures, or whose fonts say nothing about their letters: read as pictures, and no other page."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from liteparse import PageComplexityStats

from docbatch.providers.local import blocks, word_guard
from docbatch.providers.local.deadline import CURRENT
from docbatch.providers.local.engines import Json
from docbatch.providers.local.ocr import ways
from docbatch.providers.local.ocr.page_blocks import UNSURE, Reading
from docbatch.providers.local.ocr.said import pages_named, told
from docbatch.providers.local.pdf import damaged_pictures, page_pictures, readable_text
from docbatch.providers.local.pdf.pdf_document import PdfDocument

Reason = Literal["silent", "sparse", "beside", "garbled", "doubtful", "forced"]
"""Why a page is read as a picture: it has no text; it is one picture, with hardly any; it has a large picture and little
text; its text is rubbish; its text may be rubbish; the job wants it."""

_SPARSE = 50
_LARGE_PICTURE = 0.5
_LITTLE_TEXT = 200
_AGREES = 0.5
_AGREES_WELL = 0.9
_LEAST_LETTERS = 3
_LEAST_WORDS = 8
_NO_LETTERS = "its font says nothing about its letters"


@dataclass(slots=True)
class _Outcome:
    """The places of pages that were read, with the confidence, of those without letters, and of those not reached in time."""

    read: dict[int, float] = field(default_factory=dict)
    wordless: list[int] = field(default_factory=list)
    late: list[int] = field(default_factory=list)


def read_scanned_pages(document: PdfDocument) -> None:
    """Read those pages as pictures that have to be, as far as this machine can and the time allows."""
    document.unread += _drawn(document)
    chosen = list(_chosen(document))
    if ways.of(document.options) is None:
        for place, reason in chosen:
            _tell(document, place, reason)
        return
    document.looked_at = True
    outcome = _Outcome()
    for place, reason in chosen:
        if CURRENT.is_near() and any(page["text"] for page in document.pages):
            outcome.late.append(place)
        else:
            _read(document, place, reason, outcome)
    _report(document, outcome)


def _drawn(document: PdfDocument) -> list[int]:
    """Return the pages without text that show more than one colour, although the engine saw nothing on them."""
    silent = [
        place
        for place, page in enumerate(document.parsed.pages)
        if not page.text.strip()
        and page.page_num not in document.unread
        and not document.pages[place]["text"]
    ]
    with suppress(RuntimeError):
        return [
            document.parsed.pages[place].page_num
            for place in silent
            if page_pictures.has_outlines(document.pdfium, document.parsed.pages[place].page_num - 1)
        ]
    return []


def _chosen(document: PdfDocument) -> Iterator[tuple[int, Reason]]:
    for place, page in enumerate(document.parsed.pages):
        reason: Reason | None = "forced"
        if document.options.ocr != "force":
            silent = page.page_num in document.unread
            reason = "silent" if silent else _reason(page.text, page.complexity)
        if reason:
            yield place, reason


def _reason(text: str, signs: PageComplexityStats | None) -> Reason | None:
    if signs is None:
        return None
    if not text.strip():
        return "silent" if set(signs.reasons) - {"no-text"} else None
    rubbish = readable_text.is_rubbish(text)
    if rubbish and signs.is_garbled:
        return "garbled"
    unlikely = readable_text.is_unlikely(text) or (signs.is_garbled and not readable_text.is_likely(text))
    if rubbish or unlikely:
        return "doubtful"
    return _of_picture(signs)


def _of_picture(signs: PageComplexityStats) -> Reason | None:
    if signs.full_page_image and signs.text_length < _SPARSE:
        return "sparse"
    large = signs.largest_image_coverage >= _LARGE_PICTURE
    return "beside" if large and signs.text_length < _LITTLE_TEXT else None


def _tell(document: PdfDocument, place: int, reason: Reason) -> None:
    """Name a page that has to be read as a picture where nothing reads pictures."""
    number = document.parsed.pages[place].page_num
    advice = ways.advice(document.options)
    match reason:
        case "silent":
            with suppress(RuntimeError):
                if page_pictures.is_blank(document.pdfium, number - 1):
                    document.unread.remove(number)
                    _tell_damage(document, number)
        case "sparse":
            document.unread.append(number)
        case "beside":
            document.warnings.append(f"ocr: page {number} has a large picture that may hold text; {advice}")
        case "garbled":
            document.lost.append(f"page {number}: {_NO_LETTERS}; {advice}")


def _tell_damage(document: PdfDocument, number: int) -> None:
    with suppress(RuntimeError, ValueError):
        damage = damaged_pictures.told(document.pdfium, number - 1)
        if damage:
            document.lost.append(f"page {number}: {damage}")


def _read(document: PdfDocument, place: int, reason: Reason, outcome: _Outcome) -> None:
    number = document.parsed.pages[place].page_num
    try:
        reading = page_pictures.read(document.pdfium, number - 1, document.options)
    except (RuntimeError, ValueError, OSError) as error:
        document.looked_at = False
        if reason not in {"silent", "doubtful"}:
            document.lost.append(f"page {number}: it could not be read as a picture: {error}")
        return
    if number in document.unread:
        # What shows no letters has lost none.
        document.unread.remove(number)
    if reason in {"silent", "sparse"}:
        _tell_damage(document, number)
    if reading is None or not reading.blocks:
        if reason == "garbled":
            document.lost.append(f"page {number}: {_NO_LETTERS}, and none were found in its picture")
        elif reading is not None and reason == "silent":
            # A picture without letters is something to see.
            document.pages[place]["blocks"] = [{"kind": "image", "text": ""}]
            outcome.wordless.append(place)
    elif reason == "beside":
        _add(document, place, reading, outcome)
    elif not _is_good(document.parsed.pages[place].text, reading, reason):
        _replace(document, place, reading, keeps=reason in {"silent", "sparse"})
        outcome.read[place] = reading.confidence


def _is_good(text: str, reading: Reading, reason: Reason) -> bool:
    """Whether a page's own text says what is seen on it; what can hardly be made out says nothing against a text."""
    seen = blocks.text(reading.blocks)
    if reason == "doubtful":
        return reading.confidence < UNSURE or _share(text, seen) >= _AGREES
    # The signs that no letter stands for are brackets or the like where all words are there.
    return reason == "garbled" and min(_share(text, seen), _share(seen, text)) >= _AGREES_WELL


def _share(text: str, said: str) -> float:
    """Return how many of a text's longer words are said."""
    long = [word for word in word_guard.words(text) if len(word) >= _LEAST_LETTERS]
    return 1 - len(word_guard.missing(" ".join(long), said)) / max(len(long), 1)


def _replace(document: PdfDocument, place: int, reading: Reading, *, keeps: bool) -> None:
    """Let a page say what its picture says, and on top what only its text says where that `keeps`."""
    page = document.pages[place]
    found = reading.blocks
    if keeps and word_guard.missing(page["text"], blocks.text(found)):
        found = [*page.get("blocks", ()), *found]
    page["text"], page["markdown"] = blocks.text(found), blocks.markdown(found)
    page["blocks"], page["confidence"] = found, round(reading.confidence, 3)


def _add(document: PdfDocument, place: int, reading: Reading, outcome: _Outcome) -> None:
    """Add what the picture on a page says to the page's own text, above it or below."""
    page = document.pages[place]
    new = [block for block in reading.blocks if _share(block["text"], page["text"]) < _AGREES]
    if not _is_text(blocks.text(new)):
        return
    own = page["blocks"]
    above = _top(new) < _top(own)

    def joined(first: str, second: str) -> str:
        return "\n\n".join(part for part in ((first, second) if above else (second, first)) if part)

    page["text"] = joined(blocks.text(new), page["text"])
    page["markdown"] = joined(blocks.markdown(new), page["markdown"])
    page["blocks"] = [*new, *own] if above else [*own, *new]
    page["confidence"] = outcome.read[place] = round(reading.confidence, 3)


def _is_text(text: str) -> bool:
    """Whether a picture shows words; the marks of a drawing or a sheet of music are read as short ones."""
    words = word_guard.words(text)
    long = sum(len(word) >= _LEAST_LETTERS for word in words)
    return long >= max(_LEAST_WORDS, len(words) / 2)


def _top(some: Sequence[Json]) -> float:
    return min((block["bbox"][1] for block in some if "bbox" in block), default=0.0)


def _report(document: PdfDocument, outcome: _Outcome) -> None:
    numbers = [page.page_num for page in document.parsed.pages]
    if outcome.late:
        late = [numbers[place] for place in outcome.late]
        document.unread[:] = [number for number in document.unread if number not in late]
        were = "was" if len(late) == 1 else "were"
        document.lost.append(
            f"{pages_named(late)} {were} not read as a picture within the timeout of {CURRENT.seconds:g} seconds"
        )
    document.warnings += told({numbers[place]: sure for place, sure in outcome.read.items()})
    if outcome.wordless and any(page["text"] for page in document.pages):
        wordless = [numbers[place] for place in outcome.wordless]
        document.warnings.append(f"ocr: no letters were found in the picture on {pages_named(wordless)}")
