"""HTML: its characters as browsers read them, then all that a reader of the page sees."""

from docbatch.core.models import Failure
from docbatch.media import charsets
from docbatch.providers.local import blocks, word_guard
from docbatch.providers.local.engines import Json, Options, Parsed
from docbatch.providers.local.text import html_blocks, html_guard
from docbatch.providers.local.text.html_inline import escaped, line
from docbatch.providers.local.text.html_tree import Element, parse


class HtmlEngine:
    label = "html"

    def warm_up(self) -> None:
        """Pages take no memory of their own."""

    def extract(self, data: bytes, _media_type: str, options: Options, /) -> Parsed | Failure:
        decoded = charsets.decode(data, options.encoding, charsets.declared_in_html(data))
        return page(decoded.text, decoded.warnings, decoded.lost)

    def close(self) -> None:
        """Nothing is held."""


def page(text: str, warnings: tuple[str, ...] = (), lost: tuple[str, ...] = ()) -> Parsed:
    """Return what a page shows, given its characters and what is to be said of them."""
    root = parse(text.replace("\r\n", "\n"))
    parts = html_blocks.written(root)
    title = _title(root)
    said = "\n".join(part.block["text"] for part in parts if part.block)
    unsaid = html_guard.unsaid(root, said)
    if unsaid:
        parts.append(_rest(unsaid))
        warnings = (
            *warnings,
            f"mended: {len(unsaid)} words stood where none are looked for, and are put at the end",
        )
    if (title or parts) and html_guard.is_made_by_script(root, text):
        lost = (*lost, "the page is made by its script; what that shows was not read")
    if title and word_guard.missing(title, said):
        parts.insert(0, _shown_title(title, parts))
    about = {"title": title, "language": root.attributes.get("lang", "").strip()}
    return Parsed(
        markdown=html_blocks.markdown(parts),
        text=None,
        blocks=[part.block for part in parts if part.block],
        tables=[part.block for part in parts if part.block and part.block["kind"] == "table"],
        metadata={key: value for key, value in about.items() if value},
        warnings=warnings,
        lost=lost,
    )


def _rest(words: list[str]) -> html_blocks.Piece:
    block = blocks.paragraph(" ".join(words))
    return html_blocks.Piece(block, blocks.markdown([block | {"text": escaped(block["text"])}]))


def _title(root: Element) -> str:
    ahead = list(root.elements())
    for element in ahead:
        if element.name == "title":
            return " ".join(line(element.children).text.split())
        if element.name == "head":
            ahead += element.elements()
    return ""


def _shown_title(title: str, parts: list[html_blocks.Piece]) -> html_blocks.Piece:
    """Return the title as the first block: a heading where the page has none."""
    has_headings = any(part.block and part.block["kind"] == "heading" for part in parts)
    block: Json = blocks.paragraph(title) if has_headings else blocks.heading(title, 1)
    return html_blocks.Piece(block, blocks.markdown([block | {"text": escaped(title)}]))
