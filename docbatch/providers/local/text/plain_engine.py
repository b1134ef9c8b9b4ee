"""Plain text: decoded, and otherwise left as it is."""

import re

from docbatch.core.models import Failure
from docbatch.media import charsets
from docbatch.providers.local import blocks
from docbatch.providers.local.engines import Options, Parsed

_EMPTY_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*)*\n")


class PlainEngine:
    label = "plain"

    def warm_up(self) -> None:
        """Plain text takes no memory of its own."""

    def extract(self, data: bytes, _media_type: str, options: Options, /) -> Parsed | Failure:
        decoded = charsets.decode(data, options.encoding)
        text = decoded.text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
        paragraphs = [blocks.paragraph(each.strip("\n")) for each in _EMPTY_LINES.split(text) if each.strip()]
        return Parsed(
            markdown=text, text=text, blocks=paragraphs, warnings=decoded.warnings, lost=decoded.lost
        )

    def close(self) -> None:
        """Nothing is held."""
