"""Numbers of lists and headings as Word shows them, counted while the document is read."""

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass

from docbatch.providers.local.flow import ordinals
from docbatch.providers.local.flow.symbols import is_symbolic
from docbatch.providers.local.flow.xml_tree import children, first, whole
from docbatch.providers.local.office.word.styles import VALUE, ListPlace, has

_PLACE = re.compile(r"%([1-9])")
_LEVELS = 9
_LONGEST_TEXT = 60


@dataclass(frozen=True, slots=True)
class _Level:
    start: int
    kind: str
    text: str
    is_legal: bool
    restarts_after: int | None
    style: str


class WordNumbering:
    """The lists of one document and how far each has counted."""

    def __init__(self, root: ET.Element | None) -> None:
        self._abstract = {each.get("w:abstractNumId", ""): each for each in children(root, "w:abstractNum")}
        self._styled = {
            link.get(VALUE, ""): each
            for each in self._abstract.values()
            for link in children(each, "w:styleLink")
        }
        self._numbers = {each.get("w:numId", ""): each for each in children(root, "w:num")}
        self._lists: dict[str, tuple[str, dict[int, _Level], dict[int, int]]] = {}
        self._counts: dict[str, dict[int, int]] = {}

    def level_of(self, place: ListPlace, style: str) -> int:
        """Return how deep a paragraph is: as it says, or as the list says of its style."""
        if place.level is not None:
            return place.level
        _, levels, _ = self._list(place.number)
        return next((depth for depth, level in levels.items() if style and level.style == style), 0)

    def marker(self, place: ListPlace, depth: int) -> str | None:
        """Count one on and return what is shown before the paragraph: a dash for a bullet; None where there is no list."""
        if place.number not in self._numbers or place.number == "0":
            return None
        key, levels, restarts = self._list(place.number)
        level = levels.get(depth)
        if level is None:
            return "-"
        counts = self._counts.setdefault(key, {})
        self._count(counts, levels, depth, restarts)
        if level.kind == "bullet":
            return "-"
        return _PLACE.sub(lambda found: _shown(int(found[1]) - 1, level, levels, counts), level.text).strip()

    def _count(
        self, counts: dict[int, int], levels: dict[int, _Level], depth: int, restarts: dict[int, int]
    ) -> None:
        for above in range(depth):
            counts.setdefault(above, levels[above].start if above in levels else 1)
        if depth in restarts:
            counts[depth] = restarts.pop(depth)
        else:
            counts[depth] = counts[depth] + 1 if depth in counts else levels[depth].start
        for below in range(depth + 1, _LEVELS):
            after = levels[below].restarts_after if below in levels else None
            if after is None or 0 < after >= depth + 1:
                counts.pop(below, None)

    def _list(self, number: str) -> tuple[str, dict[int, _Level], dict[int, int]]:
        """Return a list's definition: what its counters are kept under, its levels, and where it starts anew."""
        if number not in self._lists:
            instance = self._numbers.get(number)
            key, abstract = self._definition(instance)
            levels = _levels(abstract)
            restarts = {}
            for override in children(instance, "w:lvlOverride"):
                depth = whole(override.get("w:ilvl"))
                levels |= _levels(override)
                start = first(override, "w:startOverride")
                if start is not None:
                    restarts[depth] = whole(start.get(VALUE), 1)
            self._lists[number] = (key, levels, restarts)
        return self._lists[number]

    def _definition(self, instance: ET.Element | None) -> tuple[str, ET.Element | None]:
        named = first(instance, "w:abstractNumId")
        key = named.get(VALUE, "") if named is not None else ""
        abstract = self._abstract.get(key)
        link = first(abstract, "w:numStyleLink")
        linked = self._styled.get(link.get(VALUE, "")) if link is not None else None
        if linked is not None:
            return linked.get("w:abstractNumId", ""), linked
        return key, abstract


def _levels(parent: ET.Element | None) -> dict[int, _Level]:
    return {
        min(max(whole(each.get("w:ilvl")), 0), _LEVELS - 1): _level(each)
        for each in children(parent, "w:lvl")
    }


def _level(element: ET.Element) -> _Level:
    said = {
        name: first(element, f"w:{name}") for name in ("start", "numFmt", "lvlText", "lvlRestart", "pStyle")
    }
    values = {name: each.get(VALUE, "") for name, each in said.items() if each is not None}
    restart = whole(values["lvlRestart"]) if "lvlRestart" in values else None
    font = first(element, "w:rPr", "w:rFonts")
    kind = values.get("numFmt", "decimal")
    if (
        font is not None
        and is_symbolic(font.get("w:ascii", ""))
        and not _PLACE.search(values.get("lvlText", ""))
    ):
        kind = "bullet"
    return _Level(
        start=whole(values.get("start"), 0 if "start" not in values else 1),
        kind=kind,
        text=values.get("lvlText", "")[:_LONGEST_TEXT],
        is_legal=has(element, "w:isLgl"),
        restarts_after=restart,
        style=values.get("pStyle", ""),
    )


def _shown(depth: int, level: _Level, levels: dict[int, _Level], counts: dict[int, int]) -> str:
    of = levels.get(depth, level)
    kind = "decimal" if level.is_legal else of.kind
    return ordinals.shown(counts.get(depth, of.start), kind)
