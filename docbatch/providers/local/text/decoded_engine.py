"""CSV and XML: their characters first, then what xberg makes of them in UTF-8."""

import re
from collections.abc import Iterator
from dataclasses import replace

from docbatch.core.models import Failure
from docbatch.media import charsets
from docbatch.providers.local import blocks, engines, word_guard
from docbatch.providers.local.engines import Options, Parsed

_XML = "application/xml"
_DECLARATION = re.compile(r"^\s*<\?xml\b[^>]*>")
_LEFT_OUT = re.compile(r"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<[?!][^>]*(?:>|\Z)", re.DOTALL)
_TAG = re.compile(r"<([A-Za-z_][^\s<>/]*)\s([^<>]*)>")
_ATTRIBUTE = re.compile(r"""([^\s=<>"'/]+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')""")
_OF_XML = ("xmlns", "xsi:", "xml:")


class DecodedEngine:
    label = engines.label(engines.GENERAL)

    def __init__(self) -> None:
        self._inner = engines.load(engines.GENERAL)

    def warm_up(self) -> None:
        self._inner.warm_up()

    def extract(self, data: bytes, media_type: str, options: Options, /) -> Parsed | Failure:
        declared = charsets.declared_in_xml(data) if media_type == _XML else None
        decoded = charsets.decode(data, options.encoding, declared)
        text = _DECLARATION.sub("", decoded.text) if media_type == _XML else decoded.text
        parsed = self._inner.extract(text.encode("utf-8", "replace"), media_type, options)
        if isinstance(parsed, Failure):
            return parsed
        parsed = _with_attributes(parsed, text) if media_type == _XML else parsed
        warnings, lost = (*decoded.warnings, *parsed.warnings), (*decoded.lost, *parsed.lost)
        return replace(parsed, warnings=warnings, lost=lost)

    def close(self) -> None:
        self._inner.close()


def _with_attributes(parsed: Parsed, text: str) -> Parsed:
    """Return what was read with the values of attributes, which the engine leaves out."""
    values = [f"{element} {name}: {value}" for element, name, value in _attributes(text)]
    said = "\n".join(filter(None, (parsed.text, parsed.markdown)))
    if not values or not word_guard.missing("\n".join(values), said):
        return parsed
    listed = [blocks.item(value) for value in values]
    return replace(
        parsed,
        markdown=f"{parsed.markdown or ''}\n\n{blocks.markdown(listed)}".lstrip(),
        text=f"{parsed.text or ''}\n\n{blocks.text(listed)}".lstrip(),
        blocks=[*parsed.blocks, *listed] if parsed.blocks else (),
    )


def _attributes(text: str) -> Iterator[tuple[str, str, str]]:
    for tag in _TAG.finditer(_LEFT_OUT.sub("", text)):
        for name, double, single in _ATTRIBUTE.findall(tag[2]):
            value = " ".join((double or single).split())
            if value and not name.startswith(_OF_XML):
                yield tag[1], name, value
