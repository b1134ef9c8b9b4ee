"""The parts of a Word package: found by relations, read once, named where they cannot be read."""

import xml.etree.ElementTree as ET
from dataclasses import dataclass, field

from docbatch.providers.local.engines import Options
from docbatch.providers.local.flow.unreadable import UnreadablePartError
from docbatch.providers.local.flow.xml_tree import text_within
from docbatch.providers.local.office import opc
from docbatch.providers.local.office.opc import OpcPackage, Relation

_PROPERTIES = {
    "dc:title": "title",
    "dc:subject": "subject",
    "dc:language": "language",
    "cp:keywords": "keywords",
    "cp:category": "category",
    "dc:description": "description",
    "dcterms:created": "created_at",
    "dcterms:modified": "modified_at",
    "cp:lastModifiedBy": "modified_by",
}


@dataclass(slots=True)
class WordParts:
    """The package that is being read, and what there is to say of it. `missed` are parts nobody could read."""

    archive: OpcPackage
    options: Options
    warnings: dict[str, None] = field(default_factory=dict)
    missed: dict[str, str] = field(default_factory=dict)
    losses: list[str] = field(default_factory=list)
    _links: dict[str, dict[str, Relation]] = field(default_factory=dict)

    def main(self) -> str:
        """Return the name of the part that holds the body."""
        links = self.links("").values()
        return next((each.target for each in links if each.kind == "officeDocument"), "word/document.xml")

    def links(self, part: str) -> dict[str, Relation]:
        """Return where a part's relations lead, by identifier."""
        if part not in self._links:
            name = opc.place_of_relations(part)
            root = self.tree(name) if name in self.archive else None
            self._links[part] = {} if root is None else opc.related(root, part)
        return self._links[part]

    def related(self, part: str, kind: str) -> ET.Element | None:
        """Return the tree of the part of this kind that a part refers to; None where there is none."""
        found = next((each for each in self.links(part).values() if each.kind == kind), None)
        return None if found is None or found.is_external else self.tree(found.target)

    def target(self, part: str, identifier: str | None) -> str | None:
        """Return the part that a relation leads to; None, and a word on it, where it leads nowhere."""
        link = self.links(part).get(identifier or "")
        if link is None:
            self.missed.setdefault(part, f"it refers to {identifier}, which is not there")
            return None
        return None if link.is_external else link.target

    def tree(self, name: str) -> ET.Element | None:
        """Return a part's tree; None where it cannot be read, which is then named."""
        if name in self.missed and name not in self.archive:
            return None
        try:
            root, complaint = self.archive.tree(name)
        except UnreadablePartError as error:
            self.missed[name] = str(error)
            return None
        if complaint:
            self.missed[name] = f"only its beginning was read; {complaint}"
        return root

    def plain_tree(self, name: str) -> ET.Element | None:
        """Return a part's tree with bare names; None where it is not whole, which is then named."""
        try:
            return self.archive.plain_tree(name)
        except UnreadablePartError as error:
            self.missed[name] = str(error)
            return None

    def bytes_of(self, name: str) -> bytes | None:
        try:
            return self.archive.read(name)
        except UnreadablePartError as error:
            self.missed[name] = str(error)
            return None

    def warn(self, sentence: str) -> None:
        self.warnings[sentence] = None

    def lost(self) -> list[str]:
        return [*(f"{name}: {why}" for name, why in self.missed.items()), *self.losses]

    def metadata(self) -> dict[str, object]:
        """Return what the package says of itself."""
        links = self.links("").values()
        place = next((each.target for each in links if each.kind == "core-properties"), "docProps/core.xml")
        root = self.tree(place) if place in self.archive else None
        about: dict[str, object] = {}
        for child in root if root is not None else ():
            text = text_within(child).strip()
            if text and child.tag == "dc:creator":
                about["authors"] = [text]
            elif text and child.tag in _PROPERTIES:
                about[_PROPERTIES[child.tag]] = text
        return about
