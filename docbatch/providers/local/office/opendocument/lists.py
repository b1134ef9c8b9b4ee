"""How far the lists and headings of an OpenDocument have counted."""

import xml.etree.ElementTree as ET
from dataclasses import dataclass, field

from docbatch.providers.local.flow.xml_tree import whole
from docbatch.providers.local.office.opendocument.styles import ListLevel, OpenDocumentStyles, marker


@dataclass(slots=True)
class _Counting:
    levels: dict[int, ListLevel]
    counts: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ListStanding:
    """A list while its items are read; `depth` counts from 1."""

    style: str
    depth: int
    counting: _Counting


class OpenDocumentLists:
    """All lists of one document, each continued where the document says so."""

    def __init__(self, styles: OpenDocumentStyles) -> None:
        self._styles = styles
        self._known: dict[str, _Counting] = {}
        self._last: dict[str, _Counting] = {}
        self._outline = _Counting(styles.outline)

    def entered(self, element: ET.Element, within: ListStanding | None) -> ListStanding:
        """Return where reading stands inside a list."""
        style = element.get("text:style-name", "") or (within.style if within else "")
        if within is not None:
            if style == within.style:
                counting = within.counting
            else:
                counting = _Counting(self._styles.list_levels(style), within.counting.counts)
            counting.counts.pop(within.depth + 1, None)
            return ListStanding(style, within.depth + 1, counting)
        counting = self._continued(element, style)
        self._last[style] = counting
        name = element.get("xml:id") or element.get("text:id")
        if name:
            self._known[name] = counting
        return ListStanding(style, 1, counting)

    def mark(self, standing: ListStanding, item: ET.Element) -> str:
        """Count an item and return what is shown before it."""
        counting, depth = standing.counting, standing.depth
        start = item.get("text:start-value")
        if start is not None:
            counting.counts[depth] = whole(start, 1)
        else:
            _count(counting, depth)
        return marker(counting.levels, counting.counts, depth)

    def heading(self, element: ET.Element, level: int) -> str:
        """Count a heading and return its number; empty where headings have none."""
        shown = self._outline.levels.get(level)
        if shown is None or not shown.kind or element.get("text:is-list-header") == "true":
            return ""
        if element.get("text:restart-numbering") == "true":
            self._outline.counts[level] = whole(element.get("text:start-value"), shown.start)
        else:
            _count(self._outline, level)
        return marker(self._outline.levels, self._outline.counts, level)

    def _continued(self, element: ET.Element, style: str) -> _Counting:
        before = self._known.get(element.get("text:continue-list", ""))
        if before is None and element.get("text:continue-numbering") == "true":
            before = self._last.get(style)
        return before if before is not None else _Counting(self._styles.list_levels(style))


def _count(counting: _Counting, depth: int) -> None:
    level = counting.levels.get(depth)
    start = level.start if level else 1
    counting.counts[depth] = counting.counts[depth] + 1 if depth in counting.counts else start
    for deeper in [each for each in counting.counts if each > depth]:
        del counting.counts[deeper]
