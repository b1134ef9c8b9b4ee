"""What an engine's reading of a document comes to: an answer, or a failure where it is silent about what can be seen."""

from collections.abc import Sequence
from dataclasses import replace

from docbatch.core.models import Failure, FailureClass
from docbatch.core.result_warnings import NOTHING_TO_SEE, empty_pages
from docbatch.providers.local.engines import PDF, Json, Options, Parsed
from docbatch.providers.local.messages import FORMAT
from docbatch.providers.local.ocr import ways
from docbatch.providers.local.something_to_see import Shown, shown

_LONGEST_REASON = 2000

_NO_LETTERS = "empty: there are no letters in the document"


def judged(parsed: Parsed, data: bytes, media_type: str, options: Options) -> Parsed | Failure:
    """Turn a success without a word into what it is: nothing but pictures, nothing that could be read, or nothing to see."""
    if parsed.has_text():
        return parsed
    if parsed.lost:
        return Failure(FailureClass.CORRUPT, "; ".join(parsed.lost)[:_LONGEST_REASON])
    if parsed.attachments:
        return parsed
    if media_type == PDF and not parsed.pages:
        return Failure(FailureClass.CORRUPT, "no page was found in it")
    return _of_silence(parsed, data, media_type, options)


def _of_silence(parsed: Parsed, data: bytes, media_type: str, options: Options) -> Parsed | Failure:
    seen = Shown.PICTURES if parsed.unread or parsed.shows_pictures() else shown(data, media_type)
    if seen is Shown.PICTURES and ways.reads_inside(media_type, options):
        from docbatch.providers.local.ocr import packed_pictures  # noqa: PLC0415 - Pillow comes with an extra

        parsed = packed_pictures.read(data, parsed, options)
        if parsed.has_text():
            return parsed
    was_read = seen is Shown.PICTURES and parsed.looked_at and not (parsed.unread or parsed.lost)
    if seen is Shown.NOTHING or was_read:
        return replace(parsed, warnings=[_NO_LETTERS if was_read else NOTHING_TO_SEE, *parsed.warnings])
    return Failure(*_silence(seen, options))


def _silence(seen: Shown, options: Options) -> tuple[FailureClass, str]:
    match seen:
        case Shown.PICTURES:
            return (
                FailureClass.NEEDS_OCR,
                f"the document is a picture without text; {ways.advice(options)}",
            )
        case Shown.WORDS:
            return FailureClass.CORRUPT, "there are words in it that the engine did not read"
        case _:
            return FailureClass.EMPTY, "no text was found in it, and whether it shows anything cannot be told"


def answer_of(engine: str, parsed: Parsed, options: Options, blank: Sequence[str]) -> Json:
    """Return what was read as it is written, in the shape that `payload.read` takes."""
    return {
        "format": FORMAT,
        "engine": engine,
        "partial": bool(parsed.unread or parsed.lost),
        "markdown": parsed.markdown,
        "text": parsed.text,
        "pages": parsed.pages,
        "blocks": parsed.blocks,
        "tables": parsed.tables,
        "attachments": parsed.attachments,
        "metadata": parsed.metadata,
        "warnings": [
            *_scans(parsed.unread, options),
            *(f"lost: {each}" for each in parsed.lost),
            *blank,
            *parsed.warnings,
        ],
    }


def blank(parsed: Parsed) -> list[str]:
    """Say which pages of a document with text show nothing: no text, no picture, and nothing of them was lost."""
    if not parsed.has_text():
        return []
    lost = {each.partition(":")[0] for each in parsed.lost}
    found = [
        page["number"]
        for page in parsed.pages
        if not page["text"].strip()
        and page["number"] not in parsed.unread
        and not any(block["kind"] == "image" for block in page.get("blocks", ()))
        and f"page {page['number']}" not in lost
    ]
    return [empty_pages(found)] if found else []


def _scans(pages: Sequence[int], options: Options) -> list[str]:
    return [f"lost: {ways.unread(pages, options, ways.AFTER_A_LOSS)}"] if pages else []


def part_of(parsed: Parsed, options: Options) -> Json:
    """Return what the answer for a part of a document has beside what every answer has."""
    return {
        "part": {
            "unread": list(parsed.unread),
            "lost": list(parsed.lost),
            "warnings": list(parsed.warnings),
            "looked_at": parsed.looked_at,
            "ocr": options.ocr,
            "languages": list(options.languages),
            "levels": [[level, list(sizes)] for level, sizes in parsed.levels.items()],
        }
    }
