"""The shapes of a slide as frames: what each says, and where it stands."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from docbatch.providers.local import blocks
from docbatch.providers.local.engines import Json
from docbatch.providers.local.flow.xml_tree import first, is_on, whole
from docbatch.providers.local.office.drawing_text import chosen, lines, paragraphs
from docbatch.providers.local.office.graphics import Graphics
from docbatch.providers.local.office.picture import description
from docbatch.providers.local.office.slides.layouts import Model, Placeholder, models, place_of, styles
from docbatch.providers.local.office.slides.reading_order import Box, SlideFrame, ordered

_HEADING = 2
_DEEPEST = 24
_ROLES: Mapping[str, str] = {"ftr": "footer", "dt": "footer", "hdr": "header", "sldNum": "page_number"}
_SHAPES = frozenset({"sp", "grpSp", "graphicFrame", "pic", "cxnSp"})


@dataclass(frozen=True, slots=True)
class View:
    """How boxes inside a group are turned into those of the slide."""

    scale: tuple[float, float] = (1.0, 1.0)
    shift: tuple[float, float] = (0.0, 0.0)

    def box(self, box: Box) -> Box:
        (a, b), (x, y) = self.scale, self.shift
        return box[0] * a + x, box[1] * b + y, box[2] * a + x, box[3] * b + y


@dataclass(slots=True)
class ShapeReader:
    """Reads the shapes of one slide, layout or page of notes. `running` are headers, footers and numbers."""

    graphics: Graphics
    layout: Model | None = None
    number: int | None = None
    running: list[Json] = field(default_factory=list)
    pictures: list[Box] = field(default_factory=list)

    def frames(self, tree: ET.Element, view: View | None = None, depth: int = _DEEPEST) -> list[SlideFrame]:
        found: list[SlideFrame] = []
        for shape in _shapes(tree):
            frame = self._frame(shape, view or View(), depth)
            if frame is not None and frame.blocks:
                found.append(frame)
        return found

    def _frame(self, shape: ET.Element, view: View, depth: int) -> SlideFrame | None:
        if shape.tag == "grpSp":
            return self._group(shape, view, depth)
        place = place_of(shape)
        if place is not None and place.kind in _ROLES:
            self._run(shape, _ROLES[place.kind])
            return None
        is_title = place is not None and place.family == "title"
        found = self._blocks(shape, place, is_title=is_title)
        if _is_hidden(shape):
            found = [{**block, "role": "hidden"} for block in found]
        box = _box(shape) or next((box for model in models(place, self.layout) if (box := _box(model))), None)
        placed = None if box is None else view.box(box)
        if shape.tag == "pic" and placed is not None:
            self.pictures.append(placed)
        return SlideFrame(found, placed, is_title)

    def _blocks(self, shape: ET.Element, place: Placeholder | None, *, is_title: bool) -> list[Json]:
        if shape.tag == "graphicFrame":
            return self.graphics.read(shape)
        if shape.tag == "pic":
            text = description(shape)
            return [{"kind": "image", "text": text}] if text else []
        body = first(shape, "txBody")
        if body is None:
            return []
        if is_title:
            text = "\n".join(each.text for each in paragraphs(body, (), self.number))
            return [blocks.heading(text, _HEADING)] if text else []
        return [each.block() for each in paragraphs(body, styles(place, self.layout), self.number)]

    def _run(self, shape: ET.Element, role: str) -> None:
        body = first(shape, "txBody")
        text = "" if body is None else "\n".join(each.text for each in paragraphs(body, (), self.number))
        if text:
            self.running.append({**blocks.paragraph(text), "role": role})

    def _group(self, group: ET.Element, view: View, depth: int) -> SlideFrame:
        properties = first(group, "grpSpPr", "xfrm")
        outer = _extent(properties, "off", "ext")
        inner = _extent(properties, "chOff", "chExt")
        if depth == 0:
            said = lines(group, self.number)
            return SlideFrame(
                [blocks.paragraph(said)] if said else [], None if outer is None else view.box(outer)
            )
        frames = ordered(self.frames(group, _inside(view, outer, inner), depth - 1))
        found = [block for frame in frames for block in frame.blocks]
        box = view.box(outer) if outer is not None else _around(frames)
        return SlideFrame(found, box, any(frame.is_title for frame in frames))


def _shapes(tree: ET.Element) -> Iterator[ET.Element]:
    ahead = list(reversed(tree))
    while ahead:
        at = ahead.pop()
        if at.tag in _SHAPES:
            yield at
        elif at.tag == "AlternateContent":
            best = chosen(at)
            ahead += [] if best is None else list(reversed(best))


def _is_hidden(shape: ET.Element) -> bool:
    about = next(
        (each for part in shape if part.tag.startswith("nv") for each in part if each.tag == "cNvPr"), None
    )
    return about is not None and is_on(about.get("hidden"))


def _box(shape: ET.Element) -> Box | None:
    properties = first(shape, "spPr", "xfrm")
    return _extent(first(shape, "xfrm") if properties is None else properties, "off", "ext")


def _extent(place: ET.Element | None, corner: str, size: str) -> Box | None:
    at, extent = first(place, corner), first(place, size)
    if at is None or extent is None:
        return None
    x, y = whole(at.get("x")), whole(at.get("y"))
    return float(x), float(y), float(x + whole(extent.get("cx"))), float(y + whole(extent.get("cy")))


def _inside(view: View, outer: Box | None, inner: Box | None) -> View:
    if outer is None or inner is None or inner[2] == inner[0] or inner[3] == inner[1]:
        return view
    scale = (outer[2] - outer[0]) / (inner[2] - inner[0]), (outer[3] - outer[1]) / (inner[3] - inner[1])
    shift = outer[0] - inner[0] * scale[0], outer[1] - inner[1] * scale[1]
    return View(
        (view.scale[0] * scale[0], view.scale[1] * scale[1]),
        (view.scale[0] * shift[0] + view.shift[0], view.scale[1] * shift[1] + view.shift[1]),
    )


def _around(frames: Sequence[SlideFrame]) -> Box | None:
    boxes = [frame.box for frame in frames if frame.box is not None]
    if not boxes:
        return None
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)
