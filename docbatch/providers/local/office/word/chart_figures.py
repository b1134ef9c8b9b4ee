"""The figures of a DrawingML chart as it keeps them beside the picture, as a table."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass

from docbatch.providers.local.flow.xml_tree import children, first, text_within, whole

_MOST_POINTS = 100_000


@dataclass(frozen=True, slots=True)
class ChartFigures:
    """A chart's title, and its figures: a row of names, then a row for each category."""

    title: str
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class _Series:
    name: str
    categories: dict[int, str]
    values: dict[int, str]


def read(root: ET.Element) -> ChartFigures:
    """Read the tree of a chart's part. Figures that it does not keep are left out."""
    title = first(root, "c:chart", "c:title", "c:tx")
    series = [_series(each) for each in root.iter("c:ser")]
    return ChartFigures(_words(title), tuple(_rows([each for each in series if each.values])))


def _rows(series: list[_Series]) -> Iterator[tuple[str, ...]]:
    if not series:
        return
    yield ("", *(each.name for each in series))
    places = sorted({place for each in series for place in (*each.values, *each.categories)})
    for place in places:
        category = next((each.categories[place] for each in series if place in each.categories), "")
        yield (category, *(each.values.get(place, "") for each in series))


def _series(element: ET.Element) -> _Series:
    name = first(element, "c:tx")
    values = first(element, "c:val")
    places = first(element, "c:cat")
    return _Series(
        _words(name),
        _points(places if places is not None else first(element, "c:xVal")),
        _points(values if values is not None else first(element, "c:yVal")),
    )


def _words(element: ET.Element | None) -> str:
    """Return what a title or a name says, written out or kept of a cell."""
    if element is None:
        return ""
    cached = [text_within(value) for value in element.iter("c:v")]
    paragraphs = ("".join(map(text_within, each.iter("a:t"))) for each in element.iter("a:p"))
    return " ".join(cached or paragraphs).strip()


def _points(element: ET.Element | None) -> dict[int, str]:
    if element is None:
        return {}
    levels = list(element.iter("c:lvl"))
    if levels:
        # The outermost level of several stands last, and once for all that it spans.
        outer_first = [_filled(_cached(level)) for level in reversed(levels[1:])] + [_cached(levels[0])]
        return {
            place: " ".join(level[place] for level in outer_first if place in level)
            for place in outer_first[-1]
        }
    return _cached(element)


def _filled(level: dict[int, str]) -> dict[int, str]:
    filled = {}
    value = ""
    for place in range(min(max(level, default=-1) + _MOST_POINTS // 100, _MOST_POINTS)):
        value = level.get(place, value)
        filled[place] = value
    return filled


def _cached(element: ET.Element) -> dict[int, str]:
    found = {}
    for point in element.iter("c:pt"):
        place = whole(point.get("idx"), -1)
        if 0 <= place < _MOST_POINTS:
            found[place] = "".join(text_within(value) for value in children(point, "c:v")).strip()
    return found
