"""Pictures inside a document that is an archive, for documents that hold nothing else."""

import re
from dataclasses import replace

from docbatch.core.models import Failure
from docbatch.providers.local.deadline import CURRENT
from docbatch.providers.local.engines import Json, Options, Parsed
from docbatch.providers.local.flow.archive import Archive
from docbatch.providers.local.flow.unreadable import UnreadablePartError
from docbatch.providers.local.ocr.pictures_engine import PicturesEngine
from docbatch.providers.local.ocr.said import told

_PLACE = re.compile(
    r"(?:^|/)(?:media|pictures|images?)/[^/]+\.(?:png|jpe?g|tiff?|bmp|gif|webp|jp2)$", re.IGNORECASE
)
_FIGURES = re.compile(r"(\d+)")
_MOST = 200
_LARGEST = 64 << 20


def read(data: bytes, parsed: Parsed, options: Options) -> Parsed:
    """Return a document without a word with what its pictures say; as it was where it is no archive or has none."""
    try:
        return _with_pictures(Archive(data), parsed, options)
    except UnreadablePartError:
        return parsed


def _with_pictures(archive: Archive, parsed: Parsed, options: Options) -> Parsed:
    engine = PicturesEngine()
    found: list[Json] = []
    sure: dict[int, float] = {}
    lost: list[str] = []
    number = 0
    for number, name in enumerate(_pictures(archive), start=1):
        if number > _MOST or archive.size(name) > _LARGEST or (found and CURRENT.is_near()):
            lost.append(f"picture {name}: not read")
            continue
        outcome = engine.extract(archive.read(name), "", options)
        if isinstance(outcome, Failure):
            lost.append(f"picture {name}: {outcome.message}")
            continue
        found += [block for page in outcome.pages for block in page["blocks"]]
        sure[number] = min((page.get("confidence", 1.0) for page in outcome.pages), default=1.0)
        lost += [f"picture {name}: {each}" for each in outcome.lost]
    if not number:
        return parsed
    # Where a picture stands in the document is not known, so there is no place to give.
    blocks = [{name: value for name, value in block.items() if name != "bbox"} for block in found]
    warnings = [each.replace("page", "picture", 1) for each in told(sure)] if blocks else []
    return replace(
        parsed,
        markdown=None,
        text=None,
        pages=(),
        blocks=blocks,
        unread=(),
        lost=[*parsed.lost, *lost],
        warnings=[*parsed.warnings, *warnings],
        looked_at=True,
    )


def _pictures(archive: Archive) -> list[str]:
    return sorted(filter(_PLACE.search, archive.names()), key=_order)


def _order(name: str) -> list[tuple[int, int, str]]:
    """Return what puts image2 before image10."""
    parts = _FIGURES.split(name)
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part]
