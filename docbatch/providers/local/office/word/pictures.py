"""What stands in a drawing of Word: text boxes, charts, diagrams, the words for a picture, embedded files."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass

from docbatch.providers.local.engines import Json
from docbatch.providers.local.flow.xml_tree import first, text_within
from docbatch.providers.local.office import charts, diagrams
from docbatch.providers.local.office.word.parts import WordParts

_TOLD = frozenset(
    {
        "w:txbxContent", "c:chart", "chart", "dgm:relIds", "wp:docPr", "a:p", "v:textpath", "pic:pic", "v:imagedata",
        "o:OLEObject", "w:control",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Drawn:
    """A thing in a drawing. `box` is the content of a text box, read as any other text is."""

    kind: str
    text: str = ""
    box: ET.Element | None = None
    blocks: tuple[Json, ...] = ()


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
    root = _part(element, "r:id", parts, part)
    if root is not None:
        found, is_whole = charts.read(root)
        yield Drawn("shown", blocks=tuple(found))
        if not is_whole:
            parts.losses.append("figures of a chart are not kept in it")


def _diagram(element: ET.Element, parts: WordParts, part: str) -> Iterator[Drawn]:
    root = _part(element, "r:dm", parts, part)
    if root is not None:
        yield Drawn("shown", blocks=tuple(diagrams.read(root)))


def _part(element: ET.Element, relation: str, parts: WordParts, part: str) -> ET.Element | None:
    target = parts.target(part, element.get(relation))
    return parts.plain_tree(target) if target else None
