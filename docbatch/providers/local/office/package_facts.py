"""What an Office Open XML package says of itself: title, authors, times."""

from docbatch.providers.local.engines import Json
from docbatch.providers.local.flow.unreadable import UnreadablePartError
from docbatch.providers.local.office.opc import OpcPackage

_NAMES = {
    "title": "title",
    "subject": "subject",
    "language": "language",
    "creator": "created_by",
    "created": "created_at",
    "modified": "modified_at",
}


def read(package: OpcPackage) -> Json:
    """Return what is known; a part that cannot be read says nothing."""
    try:
        tree = package.plain_tree("docProps/core.xml")
    except UnreadablePartError:
        return {}
    said = {each.tag: (each.text or "").strip() for each in tree}
    facts: Json = {ours: said[name] for name, ours in _NAMES.items() if said.get(name)}
    if said.get("creator"):
        facts["authors"] = [said["creator"]]
    keywords = [part.strip() for part in said.get("keywords", "").split(",") if part.strip()]
    return facts | ({"keywords": keywords} if keywords else {})
