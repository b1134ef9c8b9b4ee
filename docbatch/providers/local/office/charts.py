"""Charts as tables: what their parts keep of names, categories and figures."""

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from docbatch.providers.local import blocks
from docbatch.providers.local.engines import Json
from docbatch.providers.local.flow.xml_tree import first, whole
from docbatch.providers.local.office.drawing_text import lines, spoken
from docbatch.providers.local.office.sheets import number_format

Points = Mapping[int, str]

_PLACES_PER_VALUE = 20
_FEW_PLACES = 2000


@dataclass(frozen=True, slots=True)
class _Series:
    """`levels` are the categories, the outermost first; `figures` are named columns."""

    levels: tuple[Points, ...]
    figures: tuple[tuple[str, Points], ...]
    labels: tuple[str, ...] = ()


def read(tree: ET.Element) -> tuple[list[Json], bool]:
    """Return a chart's titles and tables, and whether figures it refers to are kept in it."""
    extended = next((each for each in tree.iter("chartData")), None)
    series = list(_series(tree) if extended is None else _extended(tree))
    titles = [text for text in (_title(each) for each in tree.iter("title")) if text]
    labels = [label for each in series for label in each.labels]
    found = [
        *map(blocks.paragraph, titles),
        *(table for levels, group in _groups(series) for table in _tables(levels, group)),
        *map(blocks.item, labels),
    ]
    is_whole = all(any(points for _, points in each.figures) for each in series)
    return found, is_whole


def _title(title: ET.Element) -> str:
    text = first(title, "tx")
    if text is None:
        return ""
    rich = next(text.iter("rich"), None)
    said = lines(rich) if rich is not None else " ".join(_points(text).values())
    return " ".join(said.split())


def _groups(series: Iterable[_Series]) -> Iterator[tuple[tuple[Points, ...], list[tuple[str, Points]]]]:
    """Yield series side by side as far as their categories are the same."""
    levels: tuple[Points, ...] | None = None
    columns: list[tuple[str, Points]] = []
    for each in series:
        if levels is not None and each.levels and each.levels != levels:
            yield levels, columns
            levels, columns = None, []
        levels = levels or each.levels
        columns += [(name, points) for name, points in each.figures if points or name]
    if levels is not None and columns:
        yield levels, columns


def _tables(levels: Sequence[Points], columns: Sequence[tuple[str, Points]]) -> Iterator[Json]:
    """Yield one table, or one a column where side by side they would be mostly empty."""
    indices = len({at for points in (*levels, *(points for _, points in columns)) for at in points})
    values = sum(len(points) for _, points in columns)
    if indices * len(columns) <= max(values * _PLACES_PER_VALUE, _FEW_PLACES):
        yield _table(levels, columns)
    else:
        for name, points in columns:
            own = [{at: level[at] for at in points if at in level} for level in levels]
            yield _table(own, [(name, points)])


def _table(levels: Sequence[Points], columns: Sequence[tuple[str, Points]]) -> Json:
    indices = sorted({at for points in (*levels, *(points for _, points in columns)) for at in points})
    head = [*[""] * len(levels), *(name for name, _ in columns)]
    rows = [
        [points.get(at, "") for points in (*levels, *(points for _, points in columns))] for at in indices
    ]
    return blocks.table([head, *rows])


def _series(tree: ET.Element) -> Iterator[_Series]:
    for each in tree.iter("ser"):
        name = " ".join(_points(first(each, "tx")).values())
        values = first(each, "val")
        sizes = first(each, "bubbleSize")
        figures = [(name, _points(values if values is not None else first(each, "yVal")))]
        if sizes is not None:
            figures.append((f"{name} (size)".strip(), _points(sizes)))
        place = first(each, "cat")
        yield _Series(
            _levels(place if place is not None else first(each, "xVal")), tuple(figures), tuple(_labels(each))
        )


def _labels(series: ET.Element) -> Iterator[str]:
    for label in series.iter("dLbl"):
        rich = first(label, "tx", "rich")
        text = "" if rich is None else spoken(rich)
        # A field of a label repeats what the table says.
        if text and not any(each.get("type") for each in label.iter("fld")):
            yield " ".join(text.split())


def _levels(categories: ET.Element | None) -> tuple[Points, ...]:
    if categories is None:
        return ()
    several = [_points(each) for each in categories.iter("lvl")]
    found = tuple(reversed(several)) if several else (_points(categories),)
    return tuple(points for points in found if points)


def _points(place: ET.Element | None) -> Points:
    """Return kept values by their index, dates as they are shown."""
    if place is None:
        return {}
    code = next((each.text or "" for each in place.iter("formatCode")), "")
    found = {
        whole(point.get("idx"), -1): _shown(value.text or "", point.get("formatCode") or code)
        for point in place.iter("pt")
        if (value := first(point, "v")) is not None
    }
    if found:
        return found
    alone = next(place.iter("v"), None)
    return {} if alone is None else {0: alone.text or ""}


def _shown(value: str, code: str) -> str:
    try:
        number = float(value) if code else None
    except ValueError:
        number = None
    if number is None:
        return value.strip()
    return number_format.number(number, code if number_format.is_date(code) else number_format.GENERAL)


def _extended(tree: ET.Element) -> Iterator[_Series]:
    """Yield the series of charts of the newer kind (waterfall, treemap, funnel and others)."""
    held = {each.get("id", ""): each for each in tree.iter("data")}
    for each in tree.iter("series"):
        text = next(each.iter("txData"), None)
        name = "" if text is None else "".join(value.text or "" for value in text.iter("v"))
        found = first(each, "dataId")
        data = held.get("" if found is None else found.get("val", ""))
        if data is not None:
            levels = [
                _plain_points(level) for place in data if place.tag == "strDim" for level in place.iter("lvl")
            ]
            figures = [
                (name, _plain_points(level))
                for place in data
                if place.tag == "numDim"
                for level in place.iter("lvl")
            ]
            yield _Series(tuple(reversed(levels)), tuple(figures))


def _plain_points(level: ET.Element) -> Points:
    return {whole(point.get("idx"), -1): (point.text or "").strip() for point in level if point.tag == "pt"}
