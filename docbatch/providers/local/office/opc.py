"""The parts of an Office Open XML package, found by what refers to them."""

import posixpath
import xml.etree.ElementTree as ET
from dataclasses import dataclass

from docbatch.providers.local.flow import xml_tree
from docbatch.providers.local.flow.archive import LARGEST_TREE, Archive, resolved
from docbatch.providers.local.flow.unreadable import UnreadablePartError


@dataclass(frozen=True, slots=True)
class Relation:
    """What a part refers to: `kind` is the last word of its type, `target` a part's name or an address outside."""

    kind: str
    target: str
    is_external: bool = False


class OpcPackage(Archive):
    """A package in memory. Raises UnreadablePartError where the bytes are no archive."""

    def plain_tree(self, name: str) -> ET.Element:
        """Return a part's XML, names without namespaces. Raises UnreadablePartError."""
        return xml_tree.plain(self.read(name, LARGEST_TREE))

    def relations(self, name: str) -> dict[str, Relation]:
        """Return what a part refers to, by identifier; empty where nothing is said. Raises UnreadablePartError."""
        place = place_of_relations(name)
        return related(self.plain_tree(place), name) if place in self else {}

    def main(self, otherwise: str) -> str:
        """Return the name of the part that the package is about."""
        try:
            related = self.relations("").values()
        except UnreadablePartError:
            return otherwise
        return next((each.target for each in related if each.kind == "officeDocument"), otherwise)


def place_of_relations(name: str) -> str:
    """Return the name of the part that says what a part refers to."""
    folder, file = posixpath.split(name)
    return posixpath.join(folder, "_rels", f"{file}.rels")


def related(tree: ET.Element, name: str) -> dict[str, Relation]:
    """Return what such a part lists, by identifier; its tree has names of either kind."""
    folder = posixpath.dirname(name)
    return {each.get("Id", ""): _relation(each, folder) for each in tree if each.tag.endswith("Relationship")}


def _relation(element: ET.Element, folder: str) -> Relation:
    target = element.get("Target", "")
    is_external = element.get("TargetMode") == "External"
    kind = element.get("Type", "").rpartition("/")[2]
    return Relation(kind, target if is_external else resolved(folder, target), is_external)
