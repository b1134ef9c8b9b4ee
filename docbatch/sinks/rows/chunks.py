"""Chunks of a document: pieces of text for a search index, each with the pages and boxes it was read from.

What belongs together, a heading with what follows it or a page, is put into one chunk as long as it fits.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from docbatch.core.results import Result
from docbatch.sinks.rows.chunk_cutter import Cutter, Stretch, TextPart
from docbatch.sinks.rows.chunk_pieces import TextPiece, heading_paths, pieces
from docbatch.sinks.rows.options import ChunkSpec


def chunk_records(result: Result, spec: ChunkSpec, job: str, path: str) -> Iterator[dict[str, Any]]:
    """Yield the chunks of a document in reading order, as fields of rows. Raises SinkError where the library is missing."""
    found = pieces(result)
    paths = heading_paths(found)
    seen: Counter[str] = Counter()
    for part in _parts(found, spec):
        within = found[part.first : part.last + 1]
        pages = [piece.page for piece in within if piece.page is not None]
        yield {
            "chunk": _identifier(job, path, part.text, seen[part.text]),
            "text": part.text,
            "headings": list(paths[part.first]),
            "first_page": min(pages, default=None),
            "last_page": max(pages, default=None),
            "attachment": within[0].attachment,
            "boxes": [
                {"page": piece.page, "bbox": list(piece.bbox)} for piece in within if piece.bbox is not None
            ],
        }
        seen[part.text] += 1


def _identifier(job: str, path: str, text: str, earlier: int) -> str:
    """Return what tells a chunk from all others, and stays while its text does, wherever in the document that stands."""
    said = "\0".join((job, path, text, str(earlier)))
    return hashlib.blake2b(said.encode(errors="surrogatepass"), digest_size=16).hexdigest()


def _parts(found: Sequence[TextPiece], spec: ChunkSpec) -> Iterator[TextPart]:
    cutter = Cutter(found, spec)
    for first, last in _stretches(found, (0, len(found) - 1), partial(_is_apart, spec)):
        sections = list(_stretches(found, (first, last), _begins_section))
        if spec.by == "heading":
            for section in sections:
                yield from cutter.section(section)
        else:
            yield from cutter.sections(sections)


def _stretches(
    found: Sequence[TextPiece], within: Stretch, begins: Callable[[TextPiece, TextPiece], bool]
) -> Iterator[Stretch]:
    first, last = within
    for number in range(first + 1, last + 1):
        if begins(found[number - 1], found[number]):
            yield first, number - 1
            first = number
    if first <= last:
        yield first, last


def _is_apart(spec: ChunkSpec, before: TextPiece, piece: TextPiece) -> bool:
    """Say whether no chunk has both of two pieces that follow each other."""
    return piece.attachment != before.attachment or (spec.by == "page" and piece.page != before.page)


def _begins_section(before: TextPiece, piece: TextPiece) -> bool:
    # Headings that follow each other stay with the text below the last of them.
    return piece.is_heading and not before.is_heading
