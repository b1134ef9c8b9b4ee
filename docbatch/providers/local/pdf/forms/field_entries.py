"""Fields of a form: what each says, whether the page says it already, and which words of the page name it."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from liteparse import FormField, TextItem

from docbatch.providers.local.pdf.layout.page_lines import PageLine, Segment

TICKED = frozenset({"checkbox", "radio"})
CHOSEN = frozenset({"combobox", "listbox"})
SLACK = 3
# In points.
_BESIDE = 200
_BESIDE_A_BOX = 40
_ABOVE = 16
_SPACES = re.compile(r"\s+")


class FieldRect(NamedTuple):
    x: float
    y: float
    width: float
    height: float


@dataclass(slots=True)
class FieldEntry:
    """A field with what is said of it; `label` are the words of the page it belongs to."""

    field: FormField
    rect: FieldRect
    said: str
    label: Segment | None = None
    inside: list[Segment] = field(default_factory=list)
    is_there: bool = False
    """Whether the page's own text says it already."""

    @property
    def stands_before(self) -> bool:
        """Whether this is a box whose words stand right of it."""
        return (
            self.field.type in TICKED
            and self.label is not None
            and self.label.x1 > self.rect.x + self.rect.width
        )


def entries_of(fields: Iterable[FormField]) -> list[FieldEntry]:
    """Return the fields in which something was filled in."""
    return [
        FieldEntry(each, FieldRect(rect.x, rect.y, rect.width, rect.height), said)
        for each in fields
        if (rect := each.rect) and (said := _said(each))
    ]


def _said(each: FormField) -> str:
    """Return what a field says, empty where nothing was filled in."""
    if each.type in TICKED:
        return "[x]" if each.checked else "[ ]"
    if each.type == "signature":
        return "[signed]" if each.value else ""
    chosen = ", ".join(option for option in each.selected_options if option.strip())
    value = chosen if each.type in CHOSEN and chosen else each.value or ""
    return "\n".join(line.rstrip() for line in value.splitlines()).strip()


def bare(text: str) -> str:
    return _SPACES.sub("", text)


def find_values(entries: Sequence[FieldEntry], items: Iterable[TextItem]) -> None:
    """Find out which values stand on the page as words: those of a form that was filled in by a program that draws them."""
    words = sorted(
        (word.y + word.height / 2, word.x + word.width / 2, word.text)
        for item in items
        for word in item.words or [item]
    )
    for entry in entries:
        rect = entry.rect
        inside = []
        for down, across, text in words[bisect_left(words, (rect.y - SLACK, 0, "")) :]:
            if down > rect.y + rect.height + SLACK:
                break
            if rect.x - SLACK <= across <= rect.x + rect.width + SLACK:
                inside.append(text)
        said = bare(entry.said)
        entry.is_there = entry.field.type not in TICKED and (
            said in bare("".join(inside)) or sorted(said) == sorted(bare("".join(inside)))
        )


def find_words(entries: Sequence[FieldEntry], lines: Sequence[PageLine]) -> None:
    """Find the words that stand in each field, and those that name it."""
    taken: set[int] = set()
    for entry in entries:
        for line in _near(lines, entry.rect.y - SLACK, entry.rect.y + entry.rect.height + SLACK):
            entry.inside += [segment for segment in line.segments if _is_inside(segment, entry.rect)]
        taken |= {id(segment) for segment in entry.inside}
    for entry in entries:
        rect = entry.rect
        near = _near(lines, rect.y - _ABOVE, rect.y + rect.height + SLACK)
        free = [segment for line in near for segment in line.segments if id(segment) not in taken]
        distances = [(_distance(segment, entry), at) for at, segment in enumerate(free)]
        distance, at = min(distances, default=(None, 0), key=lambda pair: (pair[0] is None, pair[0] or 0))
        entry.label = free[at] if distance is not None else None


def _near(lines: Sequence[PageLine], top: float, bottom: float) -> Iterator[PageLine]:
    start = bisect_left(lines, top - 20, key=lambda line: (line.y0 + line.y1) / 2)
    for line in lines[start:]:
        if line.y0 > bottom + 20:
            return
        if line.y1 > top and line.y0 < bottom:
            yield line


def _is_inside(segment: Segment, rect: FieldRect) -> bool:
    middle = (segment.y0 + segment.y1) / 2
    return (
        rect.x - SLACK <= segment.x0
        and segment.x1 <= rect.x + rect.width + SLACK
        and rect.y - SLACK <= middle <= rect.y + rect.height + SLACK
    )


def _distance(segment: Segment, entry: FieldEntry) -> float | None:
    """Return how far words are from a field they could name, None where they name another."""
    rect = entry.rect
    middle = (segment.y0 + segment.y1) / 2
    is_beside = (
        rect.y - SLACK <= middle <= rect.y + rect.height + SLACK
        or segment.y0 <= rect.y + rect.height / 2 <= segment.y1
    )
    left, right = rect.x - segment.x1, segment.x0 - rect.x - rect.width
    if entry.field.type in TICKED:
        if is_beside and -rect.width - SLACK <= right <= _BESIDE_A_BOX:
            return max(right, 0)
        return 2 * max(left, 0) + _BESIDE_A_BOX / 2 if is_beside and -SLACK <= left <= _BESIDE else None
    if is_beside and -SLACK <= left <= _BESIDE:
        return max(left, 0)
    above = rect.y - segment.y1
    if -SLACK <= above <= _ABOVE and segment.x0 < rect.x + rect.width and rect.x < segment.x1:
        return 2 * max(above, 0) + abs(segment.x0 - rect.x) / 2
    return None
