"""What lies on the cells of a sheet: text boxes, charts and diagrams, pictures with a description, comments."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping

from docbatch.providers.local.engines import Json
from docbatch.providers.local.flow.xml_tree import first, whole
from docbatch.providers.local.office.drawing_text import chosen, paragraphs, spoken
from docbatch.providers.local.office.graphics import Graphics
from docbatch.providers.local.office.opc import OpcPackage
from docbatch.providers.local.office.picture import description
from docbatch.providers.local.office.sheets.grid import place
from docbatch.providers.local.office.sheets.sheet import comment

_TYPED_IN_OLD_PROGRAMS = "[Threaded comment]"


def read(tree: ET.Element, graphics: Graphics) -> list[Json]:
    """Return what a drawing shows, in the order of the cells it lies on."""
    anchors = [
        (_corner(anchor), at, anchor) for at, anchor in enumerate(tree) if anchor.tag.endswith("Anchor")
    ]
    return [
        block
        for _, _, anchor in sorted(anchors, key=lambda each: each[:2])
        for block in _shown(anchor, graphics)
    ]


def _corner(anchor: ET.Element) -> tuple[int, int]:
    row, column = first(anchor, "from", "row"), first(anchor, "from", "col")
    return (
        whole(None if row is None else row.text),
        whole(None if column is None else column.text),
    )


def _shown(anchor: ET.Element, graphics: Graphics) -> Iterator[Json]:
    ahead = [anchor]
    while ahead:
        at = ahead.pop()
        if at.tag == "txBody":
            yield from (paragraph.block() for paragraph in paragraphs(at))
        elif at.tag == "graphicFrame":
            yield from graphics.read(at)
        elif at.tag == "pic":
            text = description(at)
            if text:
                yield {"kind": "image", "text": text}
        elif at.tag == "AlternateContent":
            best = chosen(at)
            ahead += [] if best is None else [best]
        else:
            ahead.extend(reversed(at))


def comments(tree: ET.Element, answered: Mapping[str, list[Json]]) -> list[Json]:
    """Return remarks on cells, those that are threads in place of what older programs show of them."""
    authors = ["".join(author.itertext()) for author in tree.iter("author")]
    found: list[tuple[tuple[int, int], Json]] = []
    for each in tree.iter("comment"):
        at = place(each.get("ref", "")) or (0, 0)
        text = _comment_text(each)
        if text and not (text.startswith(_TYPED_IN_OLD_PROGRAMS) and each.get("ref") in answered):
            author = whole(each.get("authorId"), -1)
            by = authors[author] if 0 <= author < len(authors) else ""
            # Many writers begin the text with the name that stands beside it.
            found.append((at, comment(*at, "" if by and text.startswith(by) else by, text)))
    for reference, thread in answered.items():
        at = place(reference) or (0, 0)
        found += [(at, block) for block in thread]
    return [block for _, block in sorted(found, key=lambda each: each[0])]


def threads(tree: ET.Element, people: Mapping[str, str]) -> dict[str, list[Json]]:
    """Return threaded remarks by the name of their cell."""
    found: dict[str, list[Json]] = {}
    for each in tree.iter("threadedComment"):
        reference = each.get("ref", "")
        at = place(reference) or (0, 0)
        text = first(each, "text")
        said = "" if text is None else (text.text or "")
        if said:
            found.setdefault(reference, []).append(
                comment(*at, people.get(each.get("personId", ""), ""), said)
            )
    return found


def people(package: OpcPackage, part: str) -> dict[str, str]:
    """Return the names of those who wrote threads, by identifier. Raises UnreadablePartError."""
    return {
        each.get("id", ""): each.get("displayName", "") for each in package.plain_tree(part).iter("person")
    }


def _comment_text(element: ET.Element) -> str:
    for guide in [each for each in element.iter() if first(each, "rPh") is not None]:
        for each in [child for child in guide if child.tag == "rPh"]:
            guide.remove(each)
    return spoken(element)
