"""ZIP containers with the same bytes on every machine."""

import io
import zipfile
from collections.abc import Mapping

_EPOCH = (1980, 1, 1, 0, 0, 0)


def pack(members: Mapping[str, str]) -> bytes:
    """Return an archive of text members in the given order.

    Members are stored, not deflated: compressed bytes differ between builds of zlib.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, text in members.items():
            member = zipfile.ZipInfo(name, _EPOCH)
            member.create_system = 3
            archive.writestr(member, text.encode())
    return buffer.getvalue()


def xml(body: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{body}'


def core_properties(title: str) -> str:
    """Return the part in which Office files keep their title."""
    return xml(
        '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{title}</dc:title></cp:coreProperties>'
    )


def relationships(targets: Mapping[str, str]) -> str:
    """Return a relationships part: ids rId1, rId2, … for {target: kind}."""
    rows = "".join(
        f'<Relationship Id="rId{number}" Type="{kind}" Target="{target}"/>'
        for number, (target, kind) in enumerate(targets.items(), 1)
    )
    namespace = "http://schemas.openxmlformats.org/package/2006/relationships"
    return xml(f'<Relationships xmlns="{namespace}">{rows}</Relationships>')


def content_types(parts: Mapping[str, str]) -> str:
    """Return the list of parts and their media types, "/"-prefixed names as Office wants them."""
    rows = "".join(f'<Override PartName="/{name}" ContentType="{kind}"/>' for name, kind in parts.items())
    return xml(
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{rows}</Types>'
    )
