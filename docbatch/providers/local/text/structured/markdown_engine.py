"""Markdown: its characters, and nothing of it changed; blocks and plain text say the same without marks."""

from docbatch.core.models import Failure
from docbatch.media import charsets
from docbatch.providers.local.engines import Options, Parsed
from docbatch.providers.local.text.structured import markdown_blocks


class MarkdownEngine:
    label = "markdown"

    def warm_up(self) -> None:
        """Nothing is taken before a document is read."""

    def extract(self, data: bytes, _media_type: str, options: Options, /) -> Parsed | Failure:
        decoded = charsets.decode(data, options.encoding)
        text = decoded.text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
        found = markdown_blocks.written(text)
        title = next((block["text"] for block in found if block["kind"] == "heading"), "")
        return Parsed(
            markdown=text.strip("\n"),
            text=None,
            blocks=found,
            tables=[block for block in found if block["kind"] == "table"],
            metadata={"title": title} if title else {},
            warnings=decoded.warnings,
            lost=decoded.lost,
        )

    def close(self) -> None:
        """Nothing is held."""
