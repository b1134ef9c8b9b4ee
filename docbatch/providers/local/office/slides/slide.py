"""One slide: its shapes in reading order, what stands behind them, the speaker's notes, remarks."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from docbatch.providers.local import blocks, word_guard
from docbatch.providers.local.engines import Json
from docbatch.providers.local.flow.unreadable import UnreadablePartError
from docbatch.providers.local.flow.xml_tree import first, is_on
from docbatch.providers.local.office.drawing_text import chosen
from docbatch.providers.local.office.graphics import Graphics
from docbatch.providers.local.office.opc import Relation
from docbatch.providers.local.office.slides.deck import Deck, Standing
from docbatch.providers.local.office.slides.layouts import Layouts, Model, backgrounds, place_of
from docbatch.providers.local.office.slides.reading_order import Box, SlideFrame, ordered
from docbatch.providers.local.office.slides.shapes import ShapeReader

_LARGE = 0.4
"""So much of a slide is covered by a picture that is all there is to see."""
_EDGE = 0.2
"""So much of a slide's height at its top and bottom is for running lines."""
_UNSEEN = frozenset({"sldImg", "sldNum", "dt"})


@dataclass(slots=True)
class Slide:
    """What a slide says. `embedded` are the parts of files in it, with the program that made each."""

    number: int
    blocks: list[Json] = field(default_factory=list)
    is_hidden: bool = False
    is_picture: bool = False
    """Whether it shows a large picture and says nothing itself."""
    lost: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    embedded: dict[str, str] = field(default_factory=dict)


def read(deck: Deck, layouts: Layouts, standing: Standing) -> Slide:
    """Return a slide, as far as it can be read."""
    slide = Slide(standing.number)
    try:
        if standing.part is None:
            raise UnreadablePartError("the part is missing")  # noqa: TRY301 - one way to say it
        tree = deck.package.plain_tree(standing.part)
    except UnreadablePartError as error:
        slide.lost.append(str(error))
        return slide
    slide.is_hidden = not is_on(tree.get("show"), otherwise=True)
    relations = _relations(deck, standing.part, slide)
    _fill(slide, deck, layouts, standing, tree, relations)
    return slide


def _relations(deck: Deck, part: str, slide: Slide) -> dict[str, Relation]:
    try:
        return deck.package.relations(part)
    except UnreadablePartError as error:
        slide.lost.append(f"what it refers to: {error}")
        return {}


def _fill(  # noqa: PLR0917 - what a slide is made of
    slide: Slide,
    deck: Deck,
    layouts: Layouts,
    standing: Standing,
    tree: ET.Element,
    relations: dict[str, Relation],
) -> None:
    layout = layouts.of(relations)
    graphics = Graphics(deck.package, relations)
    reader = ShapeReader(graphics, layout, standing.shown_number)
    shapes = first(tree, "cSld", "spTree")
    own = [] if shapes is None else reader.frames(shapes)
    behind = [frame for each in backgrounds(tree, layout) for frame in _behind(deck, each)]
    found = [block for frame in ordered([*behind, *own]) for block in frame.blocks]
    slide.is_picture = not own and any(_is_large(box, deck) for box in reader.pictures)
    found += _put_back(slide, shapes, [*found, *reader.running])
    found += reader.running
    for what, step in (("speaker notes", _notes), ("comments", _comments)):
        try:
            found += step(deck, relations)
        except UnreadablePartError as error:
            slide.lost.append(f"{what}: {error}")
    slide.lost += graphics.lost
    slide.embedded = graphics.embedded
    slide.blocks = [{"role": "hidden", **block} for block in found] if slide.is_hidden else found


def _is_large(box: Box, deck: Deck) -> bool:
    return (box[2] - box[0]) * (box[3] - box[1]) >= _LARGE * deck.width * deck.height


def _behind(deck: Deck, model: Model) -> Iterator[SlideFrame]:
    """Yield what a layout or master shows on its slides, marked as running lines at the edges."""
    shapes = first(model.tree, "cSld", "spTree")
    if shapes is None:
        return
    kept = ET.Element("spTree")
    kept.extend(shape for shape in shapes if shape.tag != "pic" and place_of(shape) is None)
    for frame in ShapeReader(Graphics(deck.package, model.relations)).frames(kept):
        role = _edge(frame, deck.height)
        yield SlideFrame(
            [{**block, "role": role} for block in frame.blocks] if role else frame.blocks, frame.box
        )


def _edge(frame: SlideFrame, height: int) -> str | None:
    if frame.box is None:
        return None
    middle = (frame.box[1] + frame.box[3]) / 2 / height
    return "header" if middle < _EDGE else "footer" if middle > 1 - _EDGE else None


def _put_back(slide: Slide, shapes: ET.Element | None, found: list[Json]) -> list[Json]:
    """Return words of the slide that none of its blocks says, as a block of their own."""
    if shapes is None:
        return []
    missing = word_guard.missing("\n".join(_raw(shapes)), blocks.text(found))
    if not missing:
        return []
    slide.warnings.append(f"words whose place is not known stand at the end: {' '.join(missing[:10])}")
    return [blocks.paragraph(" ".join(missing))]


def _raw(shapes: ET.Element) -> Iterator[str]:
    """Yield the text of every paragraph, of alternate content that which is shown; numbers of slides apart."""
    ahead = [shapes]
    while ahead:
        at = ahead.pop()
        if at.tag == "p":
            yield "".join((each.text or "") if each.tag == "t" else "\n" for each in _spoken(at))
        elif at.tag == "AlternateContent":
            best = chosen(at)
            ahead += [] if best is None else [best]
        else:
            ahead.extend(reversed(at))


def _spoken(paragraph: ET.Element) -> Iterator[ET.Element]:
    fields = {
        id(part) for each in paragraph.iter("fld") if each.get("type") == "slidenum" for part in each.iter()
    } | {id(part) for each in paragraph.iter("Fallback") for part in each.iter()}
    yield from (
        each for each in paragraph.iter() if each.tag in {"t", "br", "tab"} and id(each) not in fields
    )


def _notes(deck: Deck, relations: Mapping[str, Relation]) -> Iterator[Json]:
    for part in (each.target for each in relations.values() if each.kind == "notesSlide"):
        tree = deck.package.plain_tree(part)
        shapes = first(tree, "cSld", "spTree")
        if shapes is None:
            continue
        reader = ShapeReader(Graphics(deck.package, deck.package.relations(part)))
        kept = ET.Element("spTree")
        kept.extend(each for each in shapes if (at := place_of(each)) is None or at.kind not in _UNSEEN)
        for frame in reader.frames(kept):
            yield from ({**block, "role": "speaker_notes"} for block in frame.blocks)
        yield from reader.running


def _comments(deck: Deck, relations: Mapping[str, Relation]) -> list[Json]:
    return deck.comments(dict(relations))
