"""A page's tree as blocks in the page's order, each with its Markdown."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import takewhile

from docbatch.providers.local import blocks
from docbatch.providers.local.engines import Json
from docbatch.providers.local.text import html_tables
from docbatch.providers.local.text.html_inline import Line, escaped, is_hidden, line, linked, preformatted
from docbatch.providers.local.text.html_tree import Element, parse

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LISTS = frozenset({"ul", "ol", "menu", "dir"})
_PREFORMATTED = frozenset({"pre", "listing", "xmp"})
_DEEPEST_FRAME = 3
_QUOTE = "> "
_BREAKS = re.compile(r"\n{2,}")
# What cannot stand in one line with other words.
_NO_LINE = frozenset({*_HEADINGS, *_LISTS, *_PREFORMATTED, "table", "blockquote", "hr", "iframe", "dl"})


@dataclass(frozen=True, slots=True)
class Piece:
    """A block, its Markdown, and what stands before each of its lines: marks of quotes, indents of lists."""

    block: Json | None
    markdown: str
    before: tuple[str, ...] = ()
    is_tight: bool = False


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the page something stands."""

    before: tuple[str, ...] = ()
    depth: int = 0
    frame: int = 0
    link: str = ""
    marks: frozenset[str] = frozenset()


def written(root: Element) -> list[Piece]:
    """Return the blocks of a page, or of a part of it."""
    return [
        each for each in _flow(root.children, _Place()) if each.block is None or each.block["text"].strip()
    ]


def markdown(parts: Iterable[Piece]) -> str:
    """Return the Markdown of blocks; items of one list, and what a term means, follow without an empty line."""
    joined: list[str] = []
    previous: Piece | None = None
    for part in parts:
        if previous is not None:
            shared = _shared(previous, part)
            joined.append("\n" if part.is_tight and previous.is_tight else f"\n{shared}\n")
        lead = "".join(part.before)
        joined.append(
            "\n".join(
                f"{lead}{each}".rstrip(" ") if not each else f"{lead}{each}"
                for each in part.markdown.split("\n")
            )
        )
        previous = part
    return "".join(joined)


def _shared(first: Piece, second: Piece) -> str:
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(first.before, second.before, strict=False))
    return "".join(mark for mark, _ in pairs).rstrip()


def _flow(nodes: Iterable[Element | str], place: _Place) -> Iterator[Piece]:
    """Yield what nodes show; those of a line are gathered until the next block."""
    gathered: list[Element | str] = []
    for node in nodes:
        if isinstance(node, str) or not node.holds_blocks:
            gathered.append(node)
        elif not is_hidden(node):
            yield from _paragraph(gathered, place)
            gathered = []
            yield from _block(node, place)
    yield from _paragraph(gathered, place)


def _paragraph(nodes: list[Element | str], place: _Place) -> Iterator[Piece]:
    shown = _line(nodes, place) if nodes else None
    if shown:
        block = blocks.paragraph(shown.text)
        yield Piece(block, _paragraph_lines(shown.markdown), place.before)


def _line(nodes: Iterable[Element | str], place: _Place) -> Line:
    shown = line(nodes, within=place.marks)
    return linked(shown, place.link) if place.link else shown


def _paragraph_lines(words: str) -> str:
    # As blocks writes any paragraph: line ends kept, and no line begins with what Markdown would read as a mark.
    return "\n\n".join(blocks.markdown([blocks.paragraph(each)]) for each in _BREAKS.split(words))


def _block(element: Element, place: _Place) -> Iterator[Piece]:
    name = element.name
    if name in _HEADINGS:
        yield from _heading(element, place)
    elif name in _BLOCKS:
        yield from _BLOCKS[name](element, place)
    elif name == "a":
        yield from _flow(
            element.children,
            replace(place, link=element.attributes.get("href", ""), marks=place.marks | {"a"}),
        )
    else:
        yield from _flow(element.children, place)


def _heading(element: Element, place: _Place) -> Iterator[Piece]:
    if html_tables.holds(element, _NO_LINE):
        yield from _flow(element.children, place)
        return
    shown = _line(element.children, place)
    if shown:
        level = _HEADINGS[element.name]
        text = " ".join(shown.text.split())
        yield Piece(
            blocks.heading(text, level),
            blocks.markdown([blocks.heading(shown.markdown, level)]),
            place.before,
        )


def _preformatted(element: Element, place: _Place) -> Iterator[Piece]:
    text = preformatted(element)
    if text.strip():
        fence = "```"
        while fence in text:
            fence += "`"
        yield Piece({"kind": "code", "text": text}, f"{fence}\n{text}\n{fence}", place.before)


def _rule(_element: Element, place: _Place) -> Iterator[Piece]:
    yield Piece(None, "---", place.before)


def _quote(element: Element, place: _Place) -> Iterator[Piece]:
    yield from _flow(element.children, replace(place, before=(*place.before, _QUOTE)))


def _list(element: Element, place: _Place) -> Iterator[Piece]:
    marks = _marks(element)
    for child in element.children:
        if isinstance(child, Element) and child.name == "li":
            mark = marks(child)
            if not is_hidden(child):
                yield from _item(child, mark, place)
        elif isinstance(child, Element) and child.name in _LISTS and not is_hidden(child):
            # Older editors put an inner list beside its item.
            yield from _list(child, _inside(place, "- "))
        elif isinstance(child, str):
            yield from _paragraph([child], place) if child.strip() else ()
        else:
            yield from _flow([child], place)


def _item(element: Element, mark: str, place: _Place) -> Iterator[Piece]:
    """Yield an item: its first line bears the mark, what follows in it is indented."""
    inner = _inside(place, f"{mark} ")
    is_first = True
    for part in _flow(element.children, inner):
        block = part.block
        own = part.before == inner.before and block is not None and block["kind"] == "text"
        if is_first and own and block is not None:
            marked = blocks.item(block["text"], place.depth, mark)
            yield Piece(
                marked, f"{mark} {_indented(part.markdown, len(mark) + 1)}", place.before, is_tight=True
            )
        else:
            yield part
        is_first = False


def _stray_item(element: Element, place: _Place) -> Iterator[Piece]:
    return _item(element, "-", place)


def _indented(words: str, width: int) -> str:
    return words.replace("\n", "\n" + " " * width)


def _inside(place: _Place, mark: str) -> _Place:
    return replace(place, before=(*place.before, " " * len(mark)), depth=place.depth + 1)


def _marks(element: Element) -> Callable[[Element], str]:
    """Return what says the mark of each item in turn."""
    if element.name != "ol":
        return lambda _: "-"
    items = sum(child.name == "li" for child in element.elements())
    step = -1 if "reversed" in element.attributes else 1
    number = _number(element.attributes.get("start"), items if step < 0 else 1) - step
    kind = element.attributes.get("type", "1")

    def mark(item: Element) -> str:
        nonlocal number
        number = _number(item.attributes.get("value"), number + step)
        return _numbered(number, item.attributes.get("type", kind))

    return mark


def _number(said: str | None, otherwise: int) -> int:
    said = (said or "").strip()
    digits = said.removeprefix("-")
    return int(said) if digits.isascii() and digits.isdigit() and len(digits) < 9 else otherwise


def _numbered(number: int, kind: str) -> str:
    if kind in {"a", "A"} and 1 <= number <= len(_LETTERS):
        letter = _LETTERS[number - 1]
        return f"- {letter if kind == 'a' else letter.upper()}."
    if kind in {"i", "I"} and 0 < number < _MOST_ROMAN:
        roman = _roman(number)
        return f"- {roman if kind == 'i' else roman.upper()}."
    return f"{number}." if number >= 0 else f"- {number}."


_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_MOST_ROMAN = 4000
_ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl")),
    *((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)


def _roman(number: int) -> str:
    letters = ""
    for value, letter in _ROMAN:
        letters += letter * (number // value)
        number %= value
    return letters


def _meaning(element: Element, place: _Place) -> Iterator[Piece]:
    """Yield what a term means, below it."""
    is_first = True
    for part in _flow(element.children, replace(place, before=(*place.before, "  "))):
        if is_first and part.block is not None and part.block["kind"] == "text":
            yield replace(
                part, markdown=f": {_indented(part.markdown, 2)}", before=place.before, is_tight=True
            )
        else:
            yield part
        is_first = False


def _term(element: Element, place: _Place) -> Iterator[Piece]:
    parts = list(_flow(element.children, place))
    yield from parts[:-1]
    yield from (replace(part, is_tight=True) for part in parts[-1:])


def _summary(element: Element, place: _Place) -> Iterator[Piece]:
    if html_tables.holds(element, _NO_LINE):
        yield from _flow(element.children, place)
        return
    shown = _line(element.children, place)
    if shown:
        yield Piece(blocks.paragraph(shown.text), f"**{shown.markdown}**", place.before)


def _frame(element: Element, place: _Place) -> Iterator[Piece]:
    inner = element.attributes.get("srcdoc", "")
    if inner and place.frame < _DEEPEST_FRAME:
        yield from _flow(parse(inner).children, replace(place, frame=place.frame + 1))
    else:
        yield from _flow(element.children, place)


def _table(element: Element, place: _Place) -> Iterator[Piece]:
    yield from _flow(html_tables.beside_rows(element), place)
    rows = html_tables.rows_of(element)
    if not rows:
        return
    if html_tables.is_layout(element, rows):
        for row in rows:
            for cell in row:
                yield from _flow(cell.children, place)
        return
    cells = html_tables.grid(rows)
    lines = [_cell(placed.element, place) for placed in cells]
    shown = [_json(placed, each.text) for placed, each in zip(cells, lines, strict=True)]
    marked = [_json(placed, each.markdown) for placed, each in zip(cells, lines, strict=True)]
    table: Json = {"kind": "table", "text": _rows(shown), "cells": shown}
    yield Piece(table, blocks.markdown([table | {"cells": marked}]), place.before)


def _cell(element: Element, place: _Place) -> Line:
    """Return a cell on one line each paragraph: Markdown's cells hold nothing else."""
    if not any(child.holds_blocks for child in element.elements()):
        return _line(element.children, place)
    parts = list(_flow(element.children, _Place(frame=place.frame, link=place.link, marks=place.marks)))
    texts = [part.block["text"] for part in parts if part.block]
    marked = [_in_cell(part) for part in parts if part.block]
    return Line("\n".join(marked), "\n".join(texts))


def _in_cell(part: Piece) -> str:
    if part.block and part.block["kind"] in {"table", "code", "heading"}:
        return escaped(part.block["text"].replace("\t", " "))
    return part.markdown.replace("  \n", "\n")


def _json(placed: html_tables.Placed, text: str) -> Json:
    cell: Json = {"row": placed.row, "column": placed.column, "text": text}
    if placed.row_span > 1:
        cell["row_span"] = placed.row_span
    if placed.column_span > 1:
        cell["column_span"] = placed.column_span
    return cell


def _rows(cells: Iterable[Json]) -> str:
    """Return cells as rows of text, each below the column in which it begins."""
    rows: dict[int, list[str]] = {}
    for cell in cells:
        row = rows.setdefault(cell["row"], [])
        row += [""] * (cell["column"] - len(row))
        row.append(" ".join(cell["text"].split("\n")))
    return "\n".join("\t".join(row) for row in rows.values())


_BLOCKS: dict[str, Callable[[Element, _Place], Iterator[Piece]]] = {
    **dict.fromkeys(_LISTS, _list),
    **dict.fromkeys(_PREFORMATTED, _preformatted),
    "blockquote": _quote,
    "hr": _rule,
    "li": _stray_item,
    "dd": _meaning,
    "dt": _term,
    "summary": _summary,
    "iframe": _frame,
    "table": _table,
}
