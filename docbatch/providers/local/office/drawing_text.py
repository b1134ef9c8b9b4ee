"""Text bodies of DrawingML, as slides, shapes, diagrams and charts have them, made into blocks."""

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from docbatch.providers.local import blocks
from docbatch.providers.local.engines import Json
from docbatch.providers.local.flow.raised import raised
from docbatch.providers.local.flow.xml_tree import first, whole

_SILENT = frozenset({"pPr", "rPr", "endParaRPr", "fldPr", "tcPr", "ctrlPr"})
_DEEPEST = 8
_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"),
    (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_LARGEST_ROMAN = 4000


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph as it is shown: `marker` is None where it is no item of a list."""

    text: str
    level: int = 0
    marker: str | None = None

    def block(self) -> Json:
        if self.marker is None:
            return blocks.paragraph(self.text)
        inner = self.text.replace("\n", "\n" + "  " * (self.level + 1))
        return blocks.item(inner, self.level, self.marker)


def chosen(alternate: ET.Element) -> ET.Element | None:
    """Return what a reader of today shows of alternate content."""
    choice = next((each for each in alternate if each.tag == "Choice" and len(each)), None)
    return choice if choice is not None else first(alternate, "Fallback")


def spoken(element: ET.Element, number: int | None = None) -> str:
    """Return the text below an element, breaks as line ends; `number` is what a field of the slide's number shows."""
    parts: list[str] = []
    ahead = [element]
    while ahead:
        at = ahead.pop()
        if at.tag == "t":
            parts.append(at.text or "")
        elif at.tag in {"br", "cr"}:
            parts.append("\n")
        elif at.tag == "tab":
            parts.append("\t")
        elif at.tag == "fld" and at.get("type") == "slidenum" and number is not None:
            parts.append(str(number))
        elif at.tag == "AlternateContent":
            best = chosen(at)
            ahead += [] if best is None else [best]
        elif at.tag == "r" and _is_raised(at):
            parts.append(raised("".join(each.text or "" for each in at if each.tag == "t")))
        elif at.tag not in _SILENT:
            ahead.extend(reversed(at))
    return "".join(parts).replace("\v", "\n").strip()


def _is_raised(run: ET.Element) -> bool:
    properties = first(run, "rPr")
    return properties is not None and whole(properties.get("baseline")) > 0


def paragraphs(
    body: ET.Element, styles: Sequence[ET.Element] = (), number: int | None = None
) -> list[Paragraph]:
    """Return the paragraphs of a text body that say something.

    `styles` are lists of levels (`lvl1pPr` and so on), the nearest first, which say what is a list where the
    paragraphs themselves do not.
    """
    own = first(body, "lstStyle")
    near = styles if own is None else (own, *styles)
    counts = _Counts()
    return list(_paragraphs(body, near, number, counts))


def lines(body: ET.Element, number: int | None = None) -> str:
    """Return the text of a body, a paragraph a line."""
    said = (spoken(each, number) for each in _outermost(body, "p"))
    return "\n".join(text for text in said if text)


def _outermost(element: ET.Element, tag: str) -> Iterator[ET.Element]:
    ahead = [element]
    while ahead:
        at = ahead.pop()
        if at.tag == tag:
            yield at
        else:
            ahead.extend(reversed(at))


def _paragraphs(
    body: ET.Element, styles: Sequence[ET.Element], number: int | None, counts: "_Counts"
) -> Iterator[Paragraph]:
    for each in body:
        if each.tag != "p":
            continue
        text = spoken(each, number)
        if text:
            properties = first(each, "pPr")
            level = 0 if properties is None else min(max(whole(properties.get("lvl")), 0), _DEEPEST)
            mark = _mark(properties, styles, level)
            yield Paragraph(text, level, counts.marker(mark, level))


def _mark(properties: ET.Element | None, styles: Sequence[ET.Element], level: int) -> ET.Element | None:
    """Return the element that says how a paragraph is marked as an item, None where it is none."""
    levels = (first(style, f"lvl{level + 1}pPr") for style in styles)
    for place in (properties, *levels):
        for each in () if place is None else place:
            if each.tag in {"buChar", "buAutoNum", "buBlip"}:
                return each
            if each.tag == "buNone":
                return None
    return None


@dataclass(slots=True)
class _Counts:
    """Numbers of items; a paragraph of a lower level begins those below it anew."""

    numbers: dict[int, int] = field(default_factory=dict)

    def marker(self, mark: ET.Element | None, level: int) -> str | None:
        kept = level if mark is not None and mark.tag == "buAutoNum" else level - 1
        self.numbers = {each: count for each, count in self.numbers.items() if each <= kept}
        if mark is None:
            return None
        if mark.tag != "buAutoNum":
            return "-"
        self.numbers[level] = self.numbers.get(level, whole(mark.get("startAt"), 1) - 1) + 1
        return _numbered(mark.get("type", "arabicPeriod"), self.numbers[level])


def _numbered(form: str, number: int) -> str:
    kinds: Iterable[tuple[str, Callable[[int], str]]] = (
        ("alphaLc", _letters),
        ("alphaUc", lambda at: _letters(at).upper()),
        ("romanLc", _roman),
        ("romanUc", lambda at: _roman(at).upper()),
    )
    show = next((show for name, show in kinds if form.startswith(name)), str)
    around = ("(", ")") if form.endswith("ParenBoth") else ("", ")" if form.endswith("ParenR") else ".")
    shown = f"{around[0]}{show(number)}{around[1]}"
    # Markdown numbers items in one way; what it does not know is said as part of the item.
    return shown if show is str and not around[0] else f"- {shown}"


def _letters(number: int) -> str:
    return chr(ord("a") + (number - 1) % 26) * min((number - 1) // 26 + 1, 9)


def _roman(number: int) -> str:
    if number >= _LARGEST_ROMAN:
        return str(number)
    shown = ""
    for value, letters in _ROMAN:
        times, number = divmod(number, value)
        shown += letters * times
    return shown
