"""Lists and listings by where their lines begin: items parted from what follows them, indents of code."""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median

from docbatch.providers.local.engines import Json
from docbatch.providers.local.pdf.layout.block_lines import BlockLine, lines_of_block, parts
from docbatch.providers.local.pdf.layout.page_layout import PageLayout
from docbatch.providers.local.pdf.layout.page_lines import PageLine
from docbatch.providers.local.pdf.layout.page_pieces import PagePiece

_BULLET = re.compile(r"\\?[*\u2022\u00b7\u25aa\u25e6\u2023\u2013\u2014\u25cf\u25cb\u25a0\u25a1-]\s+")
_COUNTED = re.compile(r"(\(?)(\d{1,3}|[a-z]|[A-Z]|[ivx]{1,5})([.)])\s+")
_SEVERAL = re.compile(
    r"(?:^|\s)(?:\\?[*\u2022\u00b7\u25aa\u25e6\u2023\u2013\u2014\u25cf\u25cb\u25a0\u25a1-]|\(?\w{1,5}[.)])\s"
)
_TAKEN_FOR_A_MARK = re.compile(r"^(\s*)(#{1,6}|[-+>]|\d{1,9}(?=[.)]))(?=[.)]?\s)")
_LEFT = 2.0
_FEWEST_ITEMS = 2
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "x": 10}


def complete_lists(layout: PageLayout) -> None:
    """Part items, give listings back their indents, and let no text be taken for the mark of a list or heading."""
    if not _may_hold_lists(layout.blocks) or layout.pieces is None:
        return
    pieces = [part for piece in layout.pieces for part in _completed(piece, layout)]
    for piece in pieces:
        if piece.kind == "text":
            piece.markdown = _TAKEN_FOR_A_MARK.sub(_escape, piece.markdown)
    layout.replace(pieces)


def _escape(match: re.Match[str]) -> str:
    mark = match[2]
    return f"{match[1]}{mark}\\" if mark.isdecimal() else f"{match[1]}\\{mark}"


def _completed(piece: PagePiece, layout: PageLayout) -> list[PagePiece]:
    if piece.kind == "code":
        return [_indented(piece, layout.lines)]
    if piece.kind == "list" or (
        piece.kind == "text" and len(_SEVERAL.findall(piece.markdown)) >= _FEWEST_ITEMS
    ):
        return _parted(piece, layout.lines)
    return [piece]


def _parted(piece: PagePiece, lines: Sequence[PageLine]) -> list[PagePiece]:
    if (
        piece.markdown.startswith("```")
        or "***" in piece.markdown
        or (piece.kind == "list" and _is_one_line(piece))
    ):
        return [piece]
    found = lines_of_block(piece, lines)
    if not found or len(found) < _FEWEST_ITEMS:
        return [piece]
    starts = _starts(found, is_item=piece.kind == "list")
    if not starts:
        return [piece]
    runs = [found[start:end] for start, end in pairwise([0, *(at for at in starts if at), len(found)])]
    items = {0} if piece.kind == "list" else set()
    items |= {at for at, is_item in starts.items() if is_item}
    result = []
    for run, (text, block) in zip(runs, parts(piece, runs), strict=True):
        at = next(at for at, line in enumerate(found) if line is run[0])
        result.append(_item(text, block) if at in items else PagePiece(text, block))
    if piece.kind == "list" and piece.block is not None:
        result[0] = PagePiece(
            result[0].markdown, {**piece.block, "text": result[0].markdown, "bbox": _bbox(result[0])}
        )
        indent = piece.markdown[: len(piece.markdown) - len(piece.markdown.lstrip())]
        for each in result:
            if each.kind == "list":
                each.markdown = indent + each.markdown.lstrip()
    return result


def _bbox(piece: PagePiece) -> list[float]:
    return list(piece.block["bbox"]) if piece.block is not None else []


def _is_one_line(piece: PagePiece) -> bool:
    box = piece.block.get("bbox") if piece.block is not None else None
    return box is None or len(piece.markdown) < 20


def _item(text: str, block: Json) -> PagePiece:
    marked = _BULLET.sub("- ", text, count=1) if _BULLET.match(text) else text
    return PagePiece(marked, {**block, "kind": "list", "text": marked})


def _starts(lines: Sequence[BlockLine], *, is_item: bool) -> dict[int, bool]:
    """Return the lines that begin something of their own, and whether that is an item."""
    marked = _items(lines)
    starts = dict.fromkeys(marked, True)
    if is_item:
        first = _begin(lines[0])
        for at in range(1, len(lines)):
            if (
                at not in starts
                and not lines[at - 1].is_broken
                and (_begin(lines[at]) < first - _LEFT or _is_apart(lines, at))
            ):
                starts[at] = False
                break
    elif marked and max(marked) + 1 < len(lines):
        last = max(marked)
        after = next(
            (at for at in range(last + 1, len(lines)) if _begin(lines[at]) < _begin(lines[last]) - _LEFT),
            None,
        )
        if after is not None:
            starts[after] = False
    return dict(sorted(starts.items()))


def _begin(line: BlockLine) -> float:
    return line.segments[0].x0


def _is_apart(lines: Sequence[BlockLine], at: int) -> bool:
    """Tell whether a line at the place of the item's mark stands further down than the next line of an item would."""
    line, before = lines[at].segments[0], lines[at - 1].segments[0]
    return abs(_begin(lines[at]) - _begin(lines[0])) <= _LEFT and line.y0 - before.y1 > 0.7 * line.size


def _items(lines: Sequence[BlockLine]) -> list[int]:
    """Return the lines that begin with marks of one list: the same bullet, or counted on."""
    bullets: dict[str, list[int]] = {}
    counted: list[tuple[int, str, int]] = []
    for at, line in enumerate(lines):
        text = f"{line.text} "
        bullet, mark = _BULLET.match(text), _COUNTED.match(text)
        if bullet:
            bullets.setdefault(bullet[0].strip(), []).append(at)
        elif mark:
            counted.append((at, mark[1] + mark[3], _value(mark[2])))
    found = [at for places in bullets.values() if len(places) >= _FEWEST_ITEMS for at in places]
    for (at, form, value), (after, other, next_value) in pairwise(counted):
        if form == other and next_value == value + 1:
            found += [at, after]
    return sorted(set(found))


def _value(mark: str) -> int:
    return int(mark) if mark.isdecimal() else _ROMAN.get(mark, ord(mark[0]) if len(mark) == 1 else -1)


def _indented(piece: PagePiece, lines: Sequence[PageLine]) -> PagePiece:
    """Return a listing whose lines begin as far from the margin as they do on the page."""
    fence, *body, end = piece.markdown.split("\n")
    if piece.block is None or any(line[:1].isspace() for line in body):
        return piece
    inner = PagePiece("\n".join(body), piece.block)
    found = lines_of_block(inner, lines)
    if not found or len(found) != len(body):
        return piece
    letter = median(_letter(line) for line in found)
    margin = min(map(_begin, found))
    indents = [round((_begin(line) - margin) / letter) if letter > 0 else 0 for line in found]
    shown = [" " * min(indent, 80) + line for indent, line in zip(indents, body, strict=True)]
    return PagePiece("\n".join([fence, *shown, end]), {**piece.block, "text": "\n".join(shown)})


def _letter(line: BlockLine) -> float:
    segment = line.segments[0]
    return (segment.x1 - segment.x0) / len(segment.text)


def _may_hold_lists(blocks: Iterable[Json]) -> bool:
    """Tell whether there is anything on a page that this module looks at."""
    return any(
        block["kind"] in {"list", "code"}
        or (
            block["kind"] == "text"
            and (
                len(_SEVERAL.findall(block["text"])) >= _FEWEST_ITEMS
                or _TAKEN_FOR_A_MARK.match(block["text"])
            )
        )
        for block in blocks
    )
