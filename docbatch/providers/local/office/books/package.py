"""What the package of a book says: its files, the order of reading, its title."""

import posixpath
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field

from docbatch.providers.local.flow.archive import Archive, resolved
from docbatch.providers.local.flow.unreadable import UnreadablePartError
from docbatch.providers.local.flow.xml_tree import children, text_within

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
# Fonts are scrambled so that they are not copied; chapters never are in this way.
_OF_FONTS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_PROPERTIES = {
    "dc:title": "title",
    "dc:language": "language",
    "dc:subject": "subject",
    "dc:publisher": "publisher",
    "dc:date": "created_at",
    "dc:description": "description",
    "dc:identifier": "identifier",
}


@dataclass(frozen=True, slots=True)
class BookItem:
    """A file of a book; `is_contents` says that it lists the chapters."""

    name: str
    media_type: str
    is_contents: bool


@dataclass(slots=True)
class BookPackage:
    """A book's package; `lost` names what it refers to and does not have."""

    root: ET.Element
    folder: str
    locked: frozenset[str]
    lost: list[str] = field(default_factory=list)

    def items(self) -> Iterator[BookItem]:
        return (self._item(each) for each in children(self.root, "opf:manifest", "opf:item"))

    def spine(self) -> Iterator[BookItem]:
        """Yield the chapters in the order of reading, those beside the line included; all pages where there is no order."""
        known = {each.get("id", ""): each for each in children(self.root, "opf:manifest", "opf:item")}
        references = [each.get("idref", "") for each in children(self.root, "opf:spine", "opf:itemref")]
        for name in dict.fromkeys(references):
            if name in known:
                yield self._item(known[name])
            else:
                self.lost.append(f"chapter {name}: the book does not list it")
        if not references:
            yield from (item for item in self.items() if item.media_type.endswith(("xhtml+xml", "/html")))

    def is_locked(self, item: BookItem) -> bool:
        return item.name.lower() in self.locked

    def metadata(self) -> dict[str, object]:
        about: dict[str, object] = {}
        authors = []
        for each in (each for room in children(self.root, "opf:metadata") for each in room.iter()):
            text = " ".join(text_within(each).split())
            if text and each.tag == "dc:creator":
                authors.append(text)
            elif text and each.tag in _PROPERTIES:
                about.setdefault(_PROPERTIES[each.tag], text)
        return about | ({"authors": authors} if authors else {})

    def _item(self, element: ET.Element) -> BookItem:
        name = resolved(self.folder, element.get("href", ""))
        is_contents = "nav" in element.get("properties", "").split()
        return BookItem(name, element.get("media-type", "").lower(), is_contents)


def opened(archive: Archive) -> BookPackage:
    """Return the package of a book. Raises UnreadablePartError where there is none."""
    name = _place(archive)
    if name is None:
        raise UnreadablePartError("the book has no package")
    root, complaint = archive.tree(name)
    for each in root.iter():
        # Old books have no namespaces.
        if ":" not in each.tag:
            each.tag = f"opf:{each.tag}"
    lost = [f"{name}: only its beginning was read; {complaint}"] if complaint else []
    return BookPackage(root, posixpath.dirname(name), _locked(archive), lost)


def _place(archive: Archive) -> str | None:
    try:
        root, _ = archive.tree(_CONTAINER)
    except UnreadablePartError:
        root = None
    named = next(children(root, "ocf:rootfiles", "ocf:rootfile"), None)
    place = "" if named is None else resolved("", named.get("full-path", ""))
    if place in archive:
        return place
    return next((name for name in archive.names() if name.lower().endswith(".opf")), None)


def _locked(archive: Archive) -> frozenset[str]:
    if _ENCRYPTION not in archive:
        return frozenset()
    try:
        root, _ = archive.tree(_ENCRYPTION)
    except UnreadablePartError:
        return frozenset()
    names = set()
    for each in (each for each in root.iter() if each.tag.rpartition(":")[2] == "EncryptedData"):
        method = next(
            (part.get("Algorithm", "") for part in each.iter() if part.tag.endswith("EncryptionMethod")), ""
        )
        if method not in _OF_FONTS:
            names |= {resolved("", part.get("URI", "")).lower() for part in each.iter() if part.get("URI")}
    return frozenset(names)
