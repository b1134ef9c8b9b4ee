"""Form fields that a text document keeps as Word had them: boxes to tick and lists to choose from."""

import xml.etree.ElementTree as ET

from docbatch.providers.local.flow.xml_tree import children, whole
from docbatch.providers.local.office.word.fields import EMPTY_BOX, TICKED

_TICKED = frozenset({"true", "1"})


def shown(field: ET.Element) -> str:
    """Return what a field shows; nothing where its text follows it in the document."""
    kind = field.get("field:type", "").rpartition(".")[2]
    said: dict[str, list[str]] = {}
    for each in children(field, "field:param"):
        said.setdefault(each.get("field:name", ""), []).append(each.get("field:value", ""))
    if kind == "FORMCHECKBOX":
        return TICKED if said.get("Checkbox_Checked", [""])[0].lower() in _TICKED else EMPTY_BOX
    if kind == "FORMDROPDOWN":
        entries = said.get("Dropdown_ListEntry", [])
        chosen = whole(said.get("Dropdown_Selected", ["0"])[0], -1)
        return entries[chosen] if 0 <= chosen < len(entries) else ""
    return ""
