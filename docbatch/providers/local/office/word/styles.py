"""What the styles of a Word document say: which are headings, numbered, hidden, emphasised."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from docbatch.providers.local.flow.prose import Look
from docbatch.providers.local.flow.xml_tree import children, first, whole

VALUE = "w:val"
_HEADING = re.compile(r"heading\s*([1-9])", re.IGNORECASE)
# Word's own lists for deeper items are lists of their own, drawn further in.
_DEEPER_LIST = re.compile(r"list (?:bullet|number) ([2-5])", re.IGNORECASE)
_DEEPEST_OUTLINE = 9
_LONGEST_CHAIN = 20
_OFF = frozenset({"0", "false", "off", "none"})

_Said = TypeVar("_Said")


@dataclass(frozen=True, slots=True)
class ListPlace:
    """A place in a numbered list: which list, and how deep in it, from 0."""

    number: str
    level: int | None = None


class WordStyles:
    """The styles of one document, by identifier."""

    def __init__(self, root: ET.Element | None) -> None:
        self._styles = {style.get("w:styleId", ""): style for style in children(root, "w:style")}
        self._defaults = {
            kind: name
            for name, style in self._styles.items()
            for kind in [style.get("w:type", "")]
            if is_on(style.get("w:default"), otherwise=False)
        }
        self._levels: dict[str, int | None] = {}
        self._looks: dict[str, tuple[Look, bool, str]] = {}

    def heading(self, style: str, properties: ET.Element | None) -> int | None:
        """Return the level of a paragraph as a heading, from 1; None where it is none."""
        own = first(properties, "w:outlineLvl")
        if own is not None:
            return _outline(own)
        if style not in self._levels:
            # Without its definition a style is what it is called.
            known = style in self._styles
            self._levels[style] = self._inherited(style, _heading) if known else _named_level(style)
        return self._levels[style] or None

    def list_place(self, style: str) -> ListPlace | None:
        return self._inherited(style, lambda each: list_place(first(each, "w:pPr")))

    def list_depth(self, style: str) -> int:
        """Return how deep the items of a style stand where its list does not say it."""
        return self._inherited(style, _list_depth) or 0

    def look(self, style: str) -> tuple[Look, bool, str]:
        """Return how words of a style look, whether they are hidden, and their font."""
        if style not in self._looks:
            chain = [look(first(each, "w:rPr")) for each in self._chain(style)]
            self._looks[style] = (
                Look(
                    bold=any(each.bold for each, _, _ in chain),
                    italic=any(each.italic for each, _, _ in chain),
                    struck=any(each.struck for each, _, _ in chain),
                    is_raised=any(each.is_raised for each, _, _ in chain),
                ),
                any(hidden for _, hidden, _ in chain),
                next((font for _, _, font in chain if font), ""),
            )
        return self._looks[style]

    def default(self, kind: str) -> str:
        return self._defaults.get(kind, "")

    def _inherited(self, style: str, ask: Callable[[ET.Element], _Said | None]) -> _Said | None:
        answers = (ask(each) for each in self._chain(style))
        return next((answer for answer in answers if answer is not None), None)

    def _chain(self, style: str) -> list[ET.Element]:
        chain: list[ET.Element] = []
        while style in self._styles and len(chain) < _LONGEST_CHAIN:
            chain.append(self._styles[style])
            based = first(chain[-1], "w:basedOn")
            style = based.get(VALUE, "") if based is not None else ""
        return chain


def is_on(value: str | None, *, otherwise: bool = True) -> bool:
    return otherwise if value is None else value.lower() not in _OFF


def has(properties: ET.Element | None, name: str) -> bool:
    """Whether a switch is there and on."""
    found = first(properties, name)
    return found is not None and is_on(found.get(VALUE))


def look(properties: ET.Element | None) -> tuple[Look, bool, str]:
    """Return how words with these properties look, whether they are hidden, and their font."""
    if properties is None:
        return Look(), False, ""
    fonts = first(properties, "w:rFonts")
    font = "" if fonts is None else fonts.get("w:ascii") or fonts.get("w:hAnsi") or ""
    struck = has(properties, "w:strike") or has(properties, "w:dstrike")
    place = first(properties, "w:vertAlign")
    shown = Look(
        bold=has(properties, "w:b"),
        italic=has(properties, "w:i"),
        struck=struck,
        is_raised=place is not None and place.get(VALUE) == "superscript",
    )
    return shown, has(properties, "w:vanish"), font


def list_place(properties: ET.Element | None) -> ListPlace | None:
    numbered = first(properties, "w:numPr")
    if numbered is None:
        return None
    number, level = first(numbered, "w:numId"), first(numbered, "w:ilvl")
    depth = None if level is None else min(max(whole(level.get(VALUE)), 0), 8)
    if number is None:
        return None
    return ListPlace(number.get(VALUE, ""), depth)


def _heading(style: ET.Element) -> int | None:
    """Return the level of a style as a heading, 0 where it says that it is none, None where it says nothing."""
    outline = first(style, "w:pPr", "w:outlineLvl")
    if outline is not None:
        return _outline(outline) or 0
    name = first(style, "w:name")
    shown = name.get(VALUE, "") if name is not None else ""
    by_name = _named_level(shown)
    return by_name if by_name is not None else _named_level(style.get("w:styleId", ""))


def _named_level(name: str) -> int | None:
    found = _HEADING.fullmatch(name.strip())
    if found:
        return int(found[1])
    return 1 if name.lower() == "title" else None


def _list_depth(style: ET.Element) -> int | None:
    name = first(style, "w:name")
    found = _DEEPER_LIST.fullmatch(name.get(VALUE, "").strip()) if name is not None else None
    return int(found[1]) - 1 if found else None


def _outline(element: ET.Element) -> int | None:
    level = whole(element.get(VALUE), _DEEPEST_OUTLINE)
    return level + 1 if 0 <= level < _DEEPEST_OUTLINE else None
