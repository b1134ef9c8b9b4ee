"""Running heads, running feet and page numbers: what stands at the edge of pages and repeats, but for the page's number."""

import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from liteparse import ParsedPage

from docbatch.providers.local.engines import Json
from docbatch.providers.local.pdf.characters.own_characters import folded
from docbatch.providers.local.pdf.lines import page_markdown
from docbatch.providers.local.pdf.pdf_document import PdfDocument

_EDGE = 0.13
"""The share of a page's height in which its running lines stand, above and below."""
_HIGHEST = 40
_LONGEST = 200
_LONGEST_BLOCK = 20_000
_SAME_HEIGHT = 4
_ROLES = frozenset({"header", "footer", "page_number"})
_KINDS = frozenset({"text", "heading", "list", "other"})
_MANY_PAGES = 8
_LARGER = 1.4
_HEADINGS_REPEAT = 3
"""Times that what looks like a heading must stand at the edge to be none."""

# A number with zeros before it, or that hangs on other characters, names a thing and not a page.
_NUMBER = re.compile(r"(?:(?<=\s)|^)[1-9]\d{0,5}(?=\s|$)|(?:(?<=\s)|^)[ivxlc]{1,8}(?=\s|$)")
_BARE = re.compile(
    r"[\W_]*(?:(?:page|seite|página|pagina|pág\.|p\.|pg\.|s\.|стр\.|strona)\s*)?([1-9]\d{0,5}|[ivxlc]{1,8})"
    r"(?:\s*(?:/|\||of|von|de|sur|di|van|из|z)\s*[1-9]\d{0,5})?[\W_]*",
    re.IGNORECASE,
)
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}


@dataclass(slots=True)
class _Line:
    """A line at the edge of a page: a block, or the first or last line of one that has more.

    `number` is what a bare page number says, `said` the line without its page's number; `is_sure` tells that it stands in the
    margin and is not only the first or last of its page.
    """

    page: Json
    block: Json
    text: str
    top: float
    role: str
    label: str | None
    is_sure: bool
    number: int | None = None
    said: str = ""

    @property
    def offset(self) -> int | None:
        return None if self.number is None else self.number - int(self.page["number"])


def mark(document: PdfDocument) -> None:
    """Give running lines their role, or take them out of the pages where the options ask for it."""
    parsed = {page.page_num: page for page in document.parsed.pages}
    pages = [page for page in document.pages if not document.is_read_as_picture(page)]
    lines = [line for page in pages for line in _at_the_edges(page, parsed[page["number"]])]
    marked: dict[int, list[_Line]] = defaultdict(list)
    for line in _running(lines, least=2 if len(pages) >= _MANY_PAGES else _HEADINGS_REPEAT):
        marked[line.page["number"]].append(line)
    for found in marked.values():
        _settle(found, drop=document.options.running_lines == "drop")


def is_page_number(text: str) -> bool:
    """Whether a line says nothing but a number such as a page has."""
    return _BARE.fullmatch(text.strip()) is not None


def edge(box: Iterable[float], height: float) -> str | None:
    """Return the edge of a page at which a box stands, as the role of what runs there."""
    _, top, _, bottom = box
    if bottom - top > _HIGHEST or not height:
        return None
    if bottom <= height * _EDGE:
        return "header"
    return "footer" if top >= height * (1 - _EDGE) else None


def _at_the_edges(page: Json, parsed: ParsedPage) -> Iterator[_Line]:
    boxed = [block for block in page["blocks"] if "bbox" in block and "role" not in block]
    if not boxed:
        return
    first, last = min(block["bbox"][1] for block in boxed), max(block["bbox"][3] for block in boxed)
    highest = (
        _LARGER * statistics.median(item.height for item in parsed.text_items) if parsed.text_items else 0
    )
    margins = list(_margins(page, parsed))
    for block in boxed:
        if block["kind"] in _KINDS and len(block["text"]) <= _LONGEST_BLOCK:
            _, top, _, bottom = block["bbox"]
            is_outermost = top == first or bottom == last
            if edge(block["bbox"], page["height"]) or (is_outermost and bottom - top <= _HIGHEST):
                # What is set larger than its page is a title.
                if not highest or bottom - top <= highest:
                    yield from _whole(block, page, parsed.page_label)
            elif is_outermost and block["kind"] == "text":
                yield from _parts(block, page, parsed.page_label, margins)


def _whole(block: Json, page: Json, label: str | None) -> Iterator[_Line]:
    text = block["text"].strip()
    if 0 < len(text) <= _LONGEST:
        _, top, _, bottom = block["bbox"]
        bare = _BARE.fullmatch(text)
        sure = edge(block["bbox"], page["height"])
        role = sure or ("header" if bottom < page["height"] / 2 else "footer")
        yield _Line(page, block, text, top, role, label, bool(sure), _value(bare[1]) if bare else None)


def _parts(
    block: Json, page: Json, label: str | None, margins: Iterable[tuple[str, float, str]]
) -> Iterator[_Line]:
    plain = folded(block["text"])
    for role, top, line in margins:
        if page_markdown.can_split(plain, line):
            own = block["text"][: len(line)] if plain.startswith(line) else block["text"][-len(line) :]
            yield _Line(page, block, own, top, role, label, is_sure=True)


def _margins(page: Json, parsed: ParsedPage) -> Iterator[tuple[str, float, str]]:
    """Yield the uppermost and the lowest line of a page, as far as they stand in its margins: role, height, text."""
    items = parsed.text_items
    if not items:
        return
    first, last = min(item.y for item in items), max(item.y for item in items)
    for height, role in ((first, "header"), (last, "footer")):
        line = [item for item in items if abs(item.y - height) <= _SAME_HEIGHT]
        if all(edge((item.x, item.y, item.x, item.y + item.height), page["height"]) == role for item in line):
            yield role, height, " ".join(item.text for item in sorted(line, key=lambda item: item.x))


def _running(lines: list[_Line], least: int) -> Iterator[_Line]:
    """Yield the lines that run; what looks like a heading must stand at the edge `least` times."""
    offsets = Counter(line.offset for line in lines if line.offset is not None)
    known = {offset for offset, times in offsets.items() if times > 1}
    frequent = {offset for offset, times in offsets.items() if times >= _HEADINGS_REPEAT}
    alike: dict[tuple[str, str], list[_Line]] = defaultdict(list)
    for line in lines:
        if line.number is None:
            line.said = _without_number(line, known)
            alike[line.role, line.said].append(line)
        elif line.offset in (known if line.is_sure else frequent) or _is_label(line):
            line.role = "page_number"
            yield line
    for group in alike.values():
        yield from _at_one_height(group, least)


def _is_label(line: _Line) -> bool:
    return line.label is not None and line.text == line.label


def _without_number(line: _Line, offsets: set[int]) -> str:
    """Return a line with its page's number, at one of its ends, written as a mark."""
    text = " ".join(line.text.split())
    for match in _NUMBER.finditer(text):
        stands_at_end = match.start() == 0 or match.end() == len(text)
        away = _value(match[0]) - line.page["number"]
        if stands_at_end and (match[0] == line.label or away == 0 or away in offsets):
            return f"{text[: match.start()]}\x00{text[match.end() :]}"
    return text


def _at_one_height(group: list[_Line], least: int) -> Iterator[_Line]:
    """Yield the lines of a group that stand as high on their page as one on another page."""
    heights = Counter(
        height for _, height in {(line.page["number"], round(line.top / _SAME_HEIGHT)) for line in group}
    )
    for line in group:
        height = round(line.top / _SAME_HEIGHT)
        times = heights[height - 1] + heights[height] + heights[height + 1]
        is_plain = line.is_sure and line.block["kind"] != "heading"
        if times >= (2 if is_plain else max(least, 2 if line.is_sure else _HEADINGS_REPEAT)):
            yield line


def _settle(lines: list[_Line], *, drop: bool) -> None:
    page = lines[0].page
    for line in lines:
        whole = line.block["text"].strip() == line.text
        block = line.block if whole else page_markdown.split(page, line.block, line.text)
        if block is not None:
            block["role"] = line.role
    running = {at for at, block in enumerate(page["blocks"]) if block.get("role") in _ROLES}
    headings = [at for at in running if page["blocks"][at]["kind"] == "heading"]
    if headings:
        page_markdown.make_text(page, headings)
    if drop:
        page_markdown.remove(page, running)


def _value(number: str) -> int:
    if number.isdecimal():
        return int(number)
    values = [_ROMAN[letter] for letter in number.lower()]
    return sum(-value if value < max(values[at:]) else value for at, value in enumerate(values))
