"""One answer of the local engine out of those for the parts of a document.

What is judged by looking at a whole document is judged here once more: the levels of headings, and whether there is
anything to see. Everything else was read with a few pages around each part.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from docbatch.core.models import Failure
from docbatch.providers.local import verdict
from docbatch.providers.local.engines import PDF, Json, Options, Parsed
from docbatch.providers.local.ocr import tesseract_data
from docbatch.providers.local.options import PART
from docbatch.providers.page_ranges import RangedReading, ReadRange, lost_range

_DEEPEST = 6
_HEADING = re.compile(r"^(#{1,6}) ", re.MULTILINE)

Rank = tuple[float, int]
"""What orders headings: those that are larger first, and of one size as their own part has them."""


def select(config: Mapping[str, Any], first: int, last: int) -> dict[str, Any]:
    return {**config, PART: [first, last]}


def stitch(ranges: Sequence[ReadRange]) -> bytes | Failure:
    """Return the answer for a document. Raises ValueError for a payload that is none of a part."""
    read = [_payload(each.payload) for each in ranges if each.payload is not None]
    ranks = sorted({rank for each in read for rank in _ranks(each).values()})
    for each in read:
        _level(each, ranks)
    parts = [each["part"] for each in read]
    lost = [lost_range(each).removeprefix("lost: ") for each in ranges if each.payload is None]
    lost += _beyond(read[0]["metadata"].get("pages"), ranges[-1].last)
    parsed = Parsed(
        markdown=None,
        text=None,
        pages=[page for each in read for page in each["pages"]],
        attachments=_once(attached for each in read for attached in each["attachments"]),
        metadata=read[0]["metadata"],
        warnings=_once(warning for each in parts for warning in each["warnings"]),
        unread=[number for each in parts for number in each["unread"]],
        lost=_once([*lost, *(what for each in parts for what in each["lost"])]),
        looked_at=all(each["looked_at"] for each in parts),
    )
    options = _options(parts[0])
    found = verdict.judged(parsed, b"", PDF, options)
    if isinstance(found, Failure):
        return found
    answer = verdict.answer_of(read[0]["engine"], found, options, verdict.blank(found))
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _options(part: Json) -> Options:
    languages = tuple(part["languages"])
    return Options(part["ocr"], languages, tesseract_data.folder(languages))


def _beyond(pages: object, last: int) -> Iterator[str]:
    """Yield what was not read of a document that has more pages than were counted before it was split."""
    if isinstance(pages, int) and pages > last:
        yield f"pages {last + 1} to {pages} were not read: they were not counted when the document was split"


def _payload(content: bytes) -> Json:
    payload = json.loads(content)
    if not isinstance(payload, dict) or "part" not in payload:
        raise ValueError("not the answer of the local engine for a part of a document")
    return payload


def _ranks(payload: Json) -> dict[int, Rank]:
    """Return what orders the headings of a part, by the level they have there."""
    found: dict[int, Rank] = {}
    sizes: list[float] = []
    for level, those in sorted(payload["part"]["levels"]):
        size = -max(those)
        found[level] = size, sizes.count(size)
        sizes.append(size)
    return found


def _level(payload: Json, ranks: Sequence[Rank]) -> None:
    """Give the headings of a part the levels they have among those of all parts."""
    levels = {level: min(ranks.index(rank) + 1, _DEEPEST) for level, rank in _ranks(payload).items()}
    if any(old != new for old, new in levels.items()):
        for page in payload["pages"]:
            _level_page(page, levels)


def _level_page(page: Json, levels: Mapping[int, int]) -> None:
    for block in page.get("blocks", ()):
        if block["kind"] == "heading":
            level = block.get("level", 1)
            block["level"] = levels.get(level, level)
    page["markdown"] = _HEADING.sub(
        lambda found: "#" * levels.get(len(found[1]), len(found[1])) + " ", page["markdown"]
    )


def _once(found: Iterable[Any]) -> list[Any]:
    """Return things in their order, equal ones once."""
    kept: list[Any] = []
    for each in found:
        if each not in kept:
            kept.append(each)
    return kept


RANGES = RangedReading(frozenset({PDF}), select, stitch)
