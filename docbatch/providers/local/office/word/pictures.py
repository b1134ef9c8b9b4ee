"""What stands in a drawing of Word: text boxes, charts, diagrams, the words for a picture, embedded files."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass

from docbatch.providers.local.flow.xml_tree import children, first, text_within
from docbatch.providers.local.office.word import chart_figures
from docbatch.providers.local.office.word.parts import WordParts

_TOLD = frozenset(
    {
        "w:txbxContent", "c:chart", "chart", "dgm:relIds", "wp:docPr", "a:p", "v:textpath", "pic:pic", "v:imagedata",
        "o:OLEObject", "w:control",
    }
)  # fmt: skip
_MOST_POINTS = 10_000
_DEEPEST_POINT = 8


@dataclass(frozen=True, slots=True)
class Drawn:
    """A thing in a drawing. `box` is the content of a text box, read as any other text is."""

    kind: str
    text: str = ""
    box: ET.Element | None = None
    rows: tuple[tuple[str, ...], ...] = ()
    items: tuple[tuple[int, str], ...] = ()


def chosen(alternatives: ET.Element) -> ET.Element | None:
    """Return which of several forms of one thing is read: the newest."""
    choice = first(alternatives, "mc:Choice")
    return choice if choice is not None else first(alternatives, "mc:Fallback")


def outermost(element: ET.Element, names: frozenset[str]) -> Iterator[ET.Element]:
    """Yield what bears these names inside an element, in order, nothing inside of it, and one form of each thing."""
    waiting = list(reversed(element))
    while waiting:
        each = waiting.pop()
        if each.tag == "mc:AlternateContent":
            form = chosen(each)
            waiting += reversed(form if form is not None else ())
        elif each.tag in names:
            yield each
        else:
            waiting += reversed(each)


def drawn(element: ET.Element, parts: WordParts, part: str) -> Iterator[Drawn]:
    """Yield what a drawing, a picture or an object of a part holds, in its order."""
    for each in outermost(element, _TOLD):
        match each.tag:
            case "w:txbxContent":
                yield Drawn("box", box=each)
            case "wp:docPr":
                yield Drawn("words", each.get("descr") or "")
            case "a:p":
                yield Drawn("text", text_within(each))
            case "v:textpath":
                yield Drawn("text", each.get("string", ""))
            case "c:chart" | "chart":
                yield from _chart(each, parts, part)
            case "dgm:relIds":
                yield from _diagram(each, parts, part)
            case "pic:pic" | "v:imagedata":
                yield Drawn("picture", each.get("o:title") or "" if each.tag == "v:imagedata" else "")
            case "o:OLEObject":
                yield Drawn("object", each.get("ProgID") or "")
            case _:
                parts.warn("a control element of a form is shown without its state")


def _chart(element: ET.Element, parts: WordParts, part: str) -> Iterator[Drawn]:
    target = parts.target(part, element.get("r:id"))
    root = parts.tree(target) if target else None
    if root is None:
        return
    chart = chart_figures.read(root)
    yield Drawn("title", chart.title)
    if chart.rows:
        yield Drawn("chart", rows=chart.rows)
    elif target:
        parts.missed[target] = "the figures of the chart are not in the document"


def _diagram(element: ET.Element, parts: WordParts, part: str) -> Iterator[Drawn]:
    """Yield the words of a diagram, each as deep as it hangs below others."""
    target = parts.target(part, element.get("r:dm"))
    root = parts.tree(target) if target else None
    if root is not None:
        yield Drawn("diagram", items=tuple(_points(root)))


def _points(root: ET.Element) -> Iterator[tuple[int, str]]:
    words = {}
    for point in children(root, "dgm:ptLst", "dgm:pt"):
        if point.get("type", "node") in {"node", "asst", "doc"}:
            lines = ("".join(map(text_within, each.iter("a:t"))) for each in children(point, "dgm:t", "a:p"))
            words[point.get("modelId", "")] = "\n".join(line for line in lines if line)
    below: dict[str, list[tuple[int, str]]] = {}
    for link in children(root, "dgm:cxnLst", "dgm:cxn"):
        if link.get("type", "parOf") == "parOf" and link.get("destId", "") in words:
            below.setdefault(link.get("srcId", ""), []).append(
                (
                    int(link.get("srcOrd", "0")) if link.get("srcOrd", "0").isdecimal() else 0,
                    link.get("destId", ""),
                )
            )
    held = {name for links in below.values() for _, name in links}
    waiting = [(0, name) for name in reversed(words) if name not in held]
    seen: set[str] = set()
    while waiting and len(seen) < _MOST_POINTS:
        depth, name = waiting.pop()
        if name not in seen:
            seen.add(name)
            if words[name]:
                yield depth, words[name]
            deeper = min(depth + bool(words[name]), _DEEPEST_POINT)
            waiting += [(deeper, each) for _, each in sorted(below.get(name, ()), reverse=True)]
