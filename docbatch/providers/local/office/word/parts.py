"""The parts of a Word package: found by relations, read once, named where they cannot be read."""

import posixpath
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field

from docbatch.providers.local.engines import Options
from docbatch.providers.local.flow.archive import Archive, UnreadableMemberError, resolved
from docbatch.providers.local.flow.xml_tree import children, text_within

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


@dataclass(frozen=True, slots=True)
class WordLink:
    """Where a relation leads: a part, or an address outside. `kind` is the last word of its type."""

    kind: str
    target: str
    is_external: bool


@dataclass(slots=True)
class WordParts:
    """The package that is being read, and what there is to say of it. `missed` are parts nobody could read."""

    archive: Archive
    options: Options
    warnings: dict[str, None] = field(default_factory=dict)
    missed: dict[str, str] = field(default_factory=dict)
    losses: list[str] = field(default_factory=list)
    _links: dict[str, dict[str, WordLink]] = field(default_factory=dict)

    def main(self) -> str:
        """Return the name of the part that holds the body."""
        links = self.links("").values()
        return next((each.target for each in links if each.kind == "officeDocument"), "word/document.xml")

    def links(self, part: str) -> dict[str, WordLink]:
        """Return where a part's relations lead, by identifier."""
        if part not in self._links:
            folder, file = posixpath.split(part)
            name = posixpath.join(folder, "_rels", f"{file}.rels")
            root = self.tree(name) if name in self.archive else None
            self._links[part] = {
                each.get("Id", ""): _link(each, folder) for each in children(root, "rel:Relationship")
            }
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
        except UnreadableMemberError as error:
            self.missed[name] = str(error)
            return None
        if complaint:
            self.missed[name] = f"only its beginning was read; {complaint}"
        return root

    def bytes_of(self, name: str) -> bytes | None:
        try:
            return self.archive.read(name)
        except UnreadableMemberError as error:
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


def _link(element: ET.Element, folder: str) -> WordLink:
    target = element.get("Target", "")
    is_external = element.get("TargetMode") == "External"
    kind = element.get("Type", "").rpartition("/")[2]
    return WordLink(kind, target if is_external else resolved(folder, target), is_external)
