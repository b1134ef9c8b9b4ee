"""From extract.page's flat list of chunks to paragraphs, tables and pages.

A text chunk is a run of glyphs of one font and size. Lines and paragraphs are put together here, by page and then in
the service's order; what comes out is derived, and may differ between versions of docbatch.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, Literal, NamedTuple

BBox = tuple[float, float, float, float]
Kind = Literal["text", "table", "image", "other"]

_KINDS: Mapping[object, Kind] = {"text": "text", "table": "table", "image": "image"}
_NUMBERS = {int, float}
_SAME_LINE = 0.5
_SAME_WORD = 0.1
_LINE_GAP = 0.8
_LIKE_SIZE = 1.3


class Chunk(NamedTuple):
    """`confidence` is 0 to 1. `cells` are as the service gave them."""

    kind: Kind
    text: str
    page: int
    bbox: BBox | None
    confidence: float | None
    cells: tuple[Mapping[str, Any], ...] = ()


def check_chunks(answer: Mapping[str, Any]) -> None:
    """Raise ValueError for an answer that is none."""
    found = answer.get("chunks")
    if not isinstance(found, list):
        raise ValueError("the answer of extract.page has no list of chunks")  # noqa: TRY004 - named by the contract
    if not {*map(type, found)} <= {dict}:
        raise ValueError("a chunk in the answer of extract.page is no object")


def read_chunks(answer: Mapping[str, Any]) -> list[Chunk]:
    """Return the chunks by page, then in their order. Raises ValueError."""
    check_chunks(answer)
    return sorted(map(_chunk, answer["chunks"]), key=attrgetter("page"))


def figures(answer: Mapping[str, Any]) -> Iterator[tuple[int, int, Mapping[str, Any]]]:
    """Yield the chunks that are pictures as the service gave them, each with its page and its number, in the order of `read_chunks`."""
    every = ((_chunk(found), number, found) for number, found in enumerate(answer["chunks"]))
    for chunk, number, found in sorted(every, key=lambda each: each[0].page):
        if chunk.kind == "image":
            yield chunk.page, number, found


def paragraphs(chunks: Sequence[Chunk]) -> Iterator[Chunk]:
    """Join the runs of text on one page; everything else stays as it is."""
    runs: list[Chunk] = []
    glues: list[str] = []
    for chunk in chunks:
        glue = _glue(runs[-1], chunk) if runs else None
        if glue is None and runs:
            yield _joined(runs, glues)
            runs, glues = [], []
        elif glue is not None:
            glues.append(glue)
        runs.append(chunk)
    if runs:
        yield _joined(runs, glues)


def grid(chunk: Chunk) -> str:
    """Return a table's words, a line a row and a tab between cells; its markdown where it has no cells."""
    rows: dict[int, list[tuple[int, str]]] = {}
    for cell in chunk.cells:
        row, column = whole(cell.get("row")), whole(cell.get("col"))
        rows.setdefault(row, []).append((column, words(cell.get("text"))))
    lines = ["\t".join(text for _, text in sorted(cells)) for _, cells in sorted(rows.items())]
    return "\n".join(lines) or chunk.text


def words(value: object) -> str:
    """Return a text the service gave, without the half characters that are none."""
    if not isinstance(value, str):
        return ""
    return value if value.isascii() else value.encode(errors="replace").decode()


def whole(value: object, least: int = 0) -> int:
    """Return a count the service gave, `least` where it gave none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= least else least


def box(value: object) -> BBox | None:
    """Return x0, y0, x1, y1 where the service gave four numbers."""
    if type(value) is not list or len(value) != 4:
        return None
    left, top, right, bottom = value
    if not type(left) is type(top) is type(right) is type(bottom) is float:
        if not {*map(type, value)} <= _NUMBERS:
            return None
        try:
            left, top, right, bottom = map(float, value)
        except OverflowError:
            return None
    return (left, top, right, bottom) if math.isfinite(left + top + right + bottom) else None


def confidence(value: object) -> float | None:
    """Return a confidence of 0 to 100 as one of 0 to 1."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 100:
        return None
    return round(value / 100, 4)


def _chunk(found: Mapping[str, Any]) -> Chunk:
    # There are hundreds on a page, so that what is usual is not asked about twice.
    kind, text, page = found.get("chunk_type"), found.get("page_content"), found.get("page_no")
    cells = found.get("cells")
    return Chunk(
        _KINDS.get(kind, "other") if type(kind) is str else "other",
        text if type(text) is str and text.isascii() else words(text),
        page if type(page) is int and page >= 1 else 1,
        box(found.get("bbox")),
        confidence(found["confidence"]) if "confidence" in found else None,
        tuple(cell for cell in cells if isinstance(cell, dict)) if cells and type(cells) is list else (),
    )


def _glue(before: Chunk, after: Chunk) -> str | None:
    """Say what stands between two runs of one paragraph; None where a new one begins."""
    if not (before.kind == after.kind == "text" and before.page == after.page):
        return None
    if before.bbox is None or after.bbox is None:
        return "\n"
    _, top, right, bottom = before.bbox
    left, next_top, _, next_bottom = after.bbox
    height, next_height = max(bottom - top, 0.0), max(next_bottom - next_top, 0.0)
    low, high = (height, next_height) if height < next_height else (next_height, height)
    apart = max(top, next_top) - min(bottom, next_bottom)
    if -apart >= _SAME_LINE * low:
        spaced = before.text[-1:].isspace() or after.text[:1].isspace()
        return "" if spaced or abs(left - right) <= _SAME_WORD * low else " "
    return "\n" if high <= _LIKE_SIZE * low and 0 <= apart <= _LINE_GAP * low else None


def _joined(runs: Sequence[Chunk], glues: Sequence[str]) -> Chunk:
    if not glues:
        return runs[0]
    pieces = [runs[0].text]
    for glue, run in zip(glues, runs[1:], strict=True):
        pieces[-1] = pieces[-1].rstrip() if glue == "\n" else pieces[-1]
        pieces += [glue, run.text]
    sure = [run.confidence for run in runs if run.confidence is not None]
    boxes = [run.bbox for run in runs if run.bbox is not None]
    return Chunk("text", "".join(pieces), runs[0].page, _around(boxes), min(sure, default=None))


def _around(boxes: Sequence[BBox]) -> BBox | None:
    if not boxes:
        return None
    left, top, right, bottom = zip(*boxes, strict=True)
    return (min(left), min(top), max(right), max(bottom))
