"""The text of SmartArt: what its data says, as a list within lists."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping

from docbatch.providers.local import blocks
from docbatch.providers.local.engines import Json
from docbatch.providers.local.flow.xml_tree import first, whole
from docbatch.providers.local.office.drawing_text import lines

_DEEPEST = 8
_HOLDING = frozenset({"doc", "node", "asst"})


def read(data: ET.Element) -> list[Json]:
    """Return the points of a diagram's data that say something, in the order in which they belong to each other."""
    texts = dict(_texts(data))
    below: dict[str, list[tuple[int, str]]] = {}
    for each in data.iter("cxn"):
        if each.get("type", "parOf") == "parOf":
            below.setdefault(each.get("srcId", ""), []).append(
                (whole(each.get("srcOrd")), each.get("destId", ""))
            )
    held = {point for links in below.values() for _, point in links}
    points = [each for each in data.iter("pt") if each.get("type", "node") in _HOLDING]
    roots = [name for each in points if (name := each.get("modelId", "")) not in held]
    return [
        blocks.item(text.replace("\n", "\n" + "  " * (depth + 1)), depth)
        for depth, text in _walk(roots, below, texts)
    ]


def _texts(data: ET.Element) -> Iterator[tuple[str, str]]:
    for point in data.iter("pt"):
        body = first(point, "t")
        if body is not None and point.get("type") != "pres":
            yield point.get("modelId", ""), lines(body)


def _walk(
    roots: list[str], below: Mapping[str, list[tuple[int, str]]], texts: dict[str, str]
) -> Iterator[tuple[int, str]]:
    """Yield each point's depth and text once; those that belong to none come last."""
    ahead = [(0, root) for root in reversed(roots)]
    seen: set[str] = set()
    while ahead:
        depth, point = ahead.pop()
        if point in seen:
            continue
        seen.add(point)
        text = texts.pop(point, "")
        if text:
            yield min(depth, _DEEPEST), text
        inner = depth + 1 if text else depth
        ahead += [(inner, each) for _, each in sorted(below.get(point, ()), reverse=True)]
    yield from ((0, text) for text in texts.values() if text)
