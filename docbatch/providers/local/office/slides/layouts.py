"""What slides take from their layouts and masters: where places stand, how they mark items, what is shown on every slide."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from docbatch.providers.local.flow.unreadable import UnreadablePartError
from docbatch.providers.local.flow.xml_tree import first, is_on
from docbatch.providers.local.office.opc import OpcPackage, Relation

_BODIES = frozenset({"body", "obj", "subTitle", "tbl", "chart", "dgm", "media", "clipArt", "pic", "half"})
_TITLES = frozenset({"title", "ctrTitle"})


@dataclass(frozen=True, slots=True)
class Placeholder:
    """What makes a shape a placeholder."""

    kind: str
    index: str

    @property
    def family(self) -> str:
        return "title" if self.kind in _TITLES else "body" if self.kind in _BODIES else self.kind


def place_of(shape: ET.Element) -> Placeholder | None:
    mark = next(
        (
            each
            for about in shape
            if about.tag.startswith("nv")
            for part in about
            if part.tag == "nvPr"
            for each in part
            if each.tag == "ph"
        ),
        None,
    )
    return None if mark is None else Placeholder(mark.get("type", "obj"), mark.get("idx", "0"))


@dataclass(frozen=True, slots=True)
class Model:
    """A layout or a master."""

    part: str
    tree: ET.Element
    relations: Mapping[str, Relation]
    by_index: Mapping[str, ET.Element]
    by_family: Mapping[str, ET.Element]
    above: "Model | None" = None


@dataclass(slots=True)
class Layouts:
    """The layouts of a presentation, each read once; one that cannot be read gives nothing."""

    package: OpcPackage
    _read: dict[str, Model | None] = field(default_factory=dict)

    def of(self, relations: Mapping[str, Relation], kind: str = "slideLayout") -> Model | None:
        part = next((each.target for each in relations.values() if each.kind == kind), None)
        if part is None:
            return None
        if part not in self._read:
            self._read[part] = None
            self._read[part] = self._sheet(part, is_master=kind != "slideLayout")
        return self._read[part]

    def _sheet(self, part: str, *, is_master: bool) -> Model | None:
        try:
            tree, relations = self.package.plain_tree(part), self.package.relations(part)
        except UnreadablePartError:
            return None
        by_index: dict[str, ET.Element] = {}
        by_family: dict[str, ET.Element] = {}
        for shape in tree.iter("sp"):
            place = place_of(shape)
            if place is not None:
                by_index.setdefault(place.index, shape)
                by_family.setdefault(place.family, shape)
        above = None if is_master else self.of(relations, "slideMaster")
        return Model(part, tree, relations, by_index, by_family, above)


def models(place: Placeholder | None, layout: Model | None) -> list[ET.Element]:
    """Return the shapes a placeholder follows, the nearest first."""
    if place is None:
        return []
    found: list[ET.Element] = []
    while layout is not None:
        index = place.index if place.index != "0" else ""
        model = layout.by_index.get(index, layout.by_family.get(place.family))
        if model is not None:
            found.append(model)
        layout = layout.above
    return found


def styles(place: Placeholder | None, layout: Model | None) -> list[ET.Element]:
    """Return the lists of levels that a placeholder follows, the nearest first."""
    own = (first(model, "txBody", "lstStyle") for model in models(place, layout))
    found = [each for each in own if each is not None]
    master = layout.above if layout is not None and layout.above is not None else layout
    name = {"title": "titleStyle", "body": "bodyStyle"}.get("" if place is None else place.family)
    if master is not None and name is not None:
        style = first(master.tree, "txStyles", name)
        found += [] if style is None else [style]
    return found


def backgrounds(slide: ET.Element, layout: Model | None) -> Iterator[Model]:
    """Yield what is shown behind a slide, the farthest first."""
    chain: list[Model] = []
    shows = is_on(slide.get("showMasterSp"), otherwise=True)
    while layout is not None and shows:
        chain.append(layout)
        shows = is_on(layout.tree.get("showMasterSp"), otherwise=True)
        layout = layout.above
    yield from reversed(chain)
