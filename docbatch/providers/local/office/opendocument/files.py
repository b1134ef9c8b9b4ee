"""The files of an OpenDocument, or the one file of a flat one, and what there is to say of them."""

import posixpath
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field

from docbatch.providers.local.flow.archive import Archive
from docbatch.providers.local.flow.unreadable import LockedPartError, UnreadablePartError
from docbatch.providers.local.flow.xml_tree import children, first, parsed, text_within

_MANIFEST = "META-INF/manifest.xml"
_PROPERTIES = {
    "dc:title": "title",
    "dc:subject": "subject",
    "dc:description": "description",
    "dc:language": "language",
    "dc:date": "modified_at",
    "meta:creation-date": "created_at",
    "dc:creator": "modified_by",
}


@dataclass(slots=True)
class OpenDocumentFiles:
    """What is read: `content` is None where it is damaged beyond use. `lost` and `warnings` grow while it is read."""

    archive: Archive | None
    content: ET.Element
    warnings: dict[str, None] = field(default_factory=dict)
    lost: dict[str, None] = field(default_factory=dict)

    def warn(self, sentence: str) -> None:
        self.warnings[sentence] = None

    def lose(self, what: str) -> None:
        self.lost[what] = None

    def tree(self, name: str) -> ET.Element | None:
        """Return another file's tree: the document itself where it is flat; None where there is none."""
        if self.archive is None:
            return self.content
        if name not in self.archive:
            return None
        try:
            root, complaint = self.archive.tree(name)
        except UnreadablePartError as error:
            self.lose(f"{name}: {error}")
            return None
        if complaint:
            self.lose(f"{name}: only its beginning was read; {complaint}")
        return root

    def inner(self, address: str) -> ET.Element | None:
        """Return the content of a document inside this one, None where there is none."""
        folder = posixpath.normpath(address).lstrip("/")
        return self.tree(f"{folder}/content.xml") if self.archive is not None else None

    def metadata(self) -> dict[str, object]:
        root = self.tree("meta.xml")
        about: dict[str, object] = {}
        keywords = []
        for each in first(root, "office:meta") or ():
            text = text_within(each).strip()
            if text and each.tag == "meta:initial-creator":
                about["authors"] = [text]
            elif text and each.tag == "meta:keyword":
                keywords.append(text)
            elif text and each.tag in _PROPERTIES:
                about[_PROPERTIES[each.tag]] = text
        return about | ({"keywords": keywords} if keywords else {})


def opened(data: bytes) -> OpenDocumentFiles:
    """Open a document. Raises UnreadablePartError where its content cannot be read at all."""
    if not data.startswith(b"PK"):
        return _whole(None, *_flat(data))
    archive = Archive(data)
    if _is_locked(archive):
        raise LockedPartError("the document needs a password")
    return _whole(archive, *archive.tree("content.xml"))


def _whole(archive: Archive | None, content: ET.Element, complaint: str) -> OpenDocumentFiles:
    files = OpenDocumentFiles(archive, content)
    if complaint:
        files.lose(f"content.xml: only its beginning was read; {complaint}")
    return files


def _flat(data: bytes) -> tuple[ET.Element, str]:
    try:
        return parsed(data.lstrip())
    except UnreadablePartError as error:
        raise UnreadablePartError(str(error)) from error


def _is_locked(archive: Archive) -> bool:
    if _MANIFEST not in archive:
        return False
    try:
        root, _ = archive.tree(_MANIFEST)
    except UnreadablePartError:
        return False
    return any(
        first(entry, "manifest:encryption-data") is not None
        for entry in children(root, "manifest:file-entry")
        if entry.get("manifest:full-path", "") in {"content.xml", "encrypted-package"}
    )
