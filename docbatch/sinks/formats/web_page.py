"""`format: html`: the whole document as one page, which asks no other machine for anything and runs nothing.

It is made of the document's Markdown, which has what blocks have not: links, bold words, formulas. What Markdown has not,
spans of cells and pictures, comes from the result.
"""

import html
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from docbatch.core.results import Block, Cell, Result
from docbatch.media import PLAIN
from docbatch.sinks.formats.placed_tables import placed_tables
from docbatch.sinks.formats.raw_markup import NO_SOURCES, SHOWING, depth, is_held, markup, picture
from docbatch.sinks.formats.spanning_tables import spanned

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_DEEPEST = 100
_MOST_BRACKETS = 10_000
_TAGS = SHOWING | {"img"}
_CELL = frozenset({"rowspan", "colspan"})
_ATTRIBUTES = {
    "a": frozenset({"href", "title"}),
    "img": frozenset({"src", "alt"}),
    "ol": frozenset({"start"}),
    "td": _CELL,
    "th": _CELL,
}
_SCHEMES = frozenset({"http", "https", "mailto", "tel", "data"})
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*\Z")
_LONGEST_TITLE = 300
_SOURCES = "sources"
_BESIDE = " 'self' file:"
"""What lets a page show what lies beside it: on the server that it comes from, or in the same place on this disk."""

_PAGE = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:{beside}; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ max-width: 50rem; margin: 2rem auto; padding: 0 1rem; font-family: sans-serif; line-height: 1.5; }}
h1, h2, h3, h4, h5, h6, p, li, td, th, pre, blockquote {{ unicode-bidi: plaintext; }}
table {{ border-collapse: collapse; }}
td, th {{ border: 1px solid; padding: 0.2rem 0.5rem; vertical-align: top; }}
img {{ max-width: 100%; }}
pre {{ white-space: pre-wrap; }}
</style>
</head>
<body>
{body}</body>
</html>
"""


def web_page(result: Result, sources: Mapping[str, str] = NO_SOURCES) -> bytes:
    """Return a document as one page of HTML, in UTF-8. `sources` says of pictures that its Markdown names where they are."""
    page = _PAGE.format(
        language=_language(result.metadata),
        title=html.escape(_title(result)),
        beside=_BESIDE if any(not is_held(each) for each in sources.values()) else "",
        body=_safe("".join(_parts(result, sources)), frozenset(sources.values())),
    )
    return page.encode(errors="replace")


def _parts(result: Result, sources: Mapping[str, str]) -> Iterator[str]:
    tables = list(placed_tables(result))
    if result.document.media_type == PLAIN and result.markdown == result.text:
        # Nobody wrote Markdown: stars and brackets in it are words.
        yield _as_it_is(result.text)
        return
    yield _rendered(result.markdown, [table.cells for table in tables], sources)


def _rendered(markdown: str, tables: Sequence[tuple[Cell, ...]], sources: Mapping[str, str]) -> str:
    reader = _reader()
    text = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", markdown)
    context: dict[str, Any] = {_SOURCES: sources}
    tokens = [] if _is_tangled(text) else reader.parse(text, context)
    if text.strip() and (not tokens or any(token.level >= _DEEPEST - 1 for token in tokens)):
        # What lies deeper than the reader looks would be missing.
        return _as_it_is(text)
    _mark_linked(tokens)
    return str(reader.renderer.render(spanned(tokens, tables), reader.options, context))


def _as_it_is(text: str) -> str:
    return f"<pre>{html.escape(text)}</pre>\n"


def _is_tangled(text: str) -> bool:
    """Whether reading a text could take hours: brackets that never close, and tags within tags, are looked at again and again."""
    paragraphs = (text,) if text.count("[") <= _MOST_BRACKETS else text.split("\n\n")
    return depth(text) > _DEEPEST or any(each.count("[") > _MOST_BRACKETS for each in paragraphs)


@cache
def _reader() -> "MarkdownIt":
    from markdown_it import MarkdownIt  # noqa: PLC0415 - the planner imports sinks without it

    reader = MarkdownIt("commonmark", {"html": True, "maxNesting": _DEEPEST}).enable(
        ["table", "strikethrough"]
    )
    reader.validateLink = _is_link  # type: ignore[method-assign]
    reader.add_render_rule("html_block", _raw)
    reader.add_render_rule("html_inline", _raw)
    reader.add_render_rule("image", _image)
    return reader


def _is_link(url: str) -> bool:
    """Say yes to every address, so that its words become a link or a picture; `nh3` keeps of links what is safe."""
    return bool(url)


def _raw(_renderer: Any, tokens: "Sequence[Token]", place: int, _options: Any, env: Any) -> str:
    return markup(tokens[place].content, env[_SOURCES])


def _image(renderer: Any, tokens: "Sequence[Token]", place: int, options: Any, env: Any) -> str:
    token = tokens[place]
    words = renderer.renderInlineAsText(token.children or [], options, env)
    is_linked = bool(token.meta.get("linked"))
    return picture(str(token.attrs.get("src", "")), words, in_a_link=is_linked, sources=env[_SOURCES])


def _mark_linked(tokens: "Sequence[Token]") -> None:
    """Note which pictures stand in links: there is no link in a link."""
    for token in tokens:
        depth = 0
        for child in token.children or ():
            depth += child.nesting if child.type in {"link_open", "link_close"} else 0
            if child.type == "image" and depth:
                child.meta["linked"] = True


def _safe(body: str, beside: Collection[str]) -> str:
    import nh3  # noqa: PLC0415 - as above

    return nh3.clean(
        body,
        tags=set(_TAGS),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        clean_content_tags=set(),
        url_schemes=set(_SCHEMES),
        attribute_filter=partial(_attribute, beside),
        link_rel="noopener noreferrer",
    )


def _attribute(beside: Collection[str], tag: str, name: str, value: str) -> str | None:
    """Return what an attribute may be: pictures are their own addresses or lie beside the page, and nothing else does."""
    if name == "src":
        return value if value in beside or is_held(value) else None
    if name == "href":
        return None if value.strip().lower().startswith("data:") else value
    if tag in {"td", "th"} and name in _CELL:
        return value if value.isascii() and value.isdecimal() and 0 < int(value[:6]) <= 1000 else None
    return value


def _title(result: Result) -> str:
    said = result.metadata.get("title")
    blocks = (*(block for page in result.pages for block in page.blocks), *result.blocks)
    for title in (
        said if isinstance(said, str) else "",
        _first_heading(blocks),
        result.document.path.rpartition("/")[2],
    ):
        shown = " ".join(_CONTROL.sub(" ", title).split())
        if shown:
            return shown[:_LONGEST_TITLE]
    return "document"


def _first_heading(blocks: Sequence[Block]) -> str:
    return next((block.text for block in blocks if block.kind == "heading" and block.text.strip()), "")


def _language(metadata: Mapping[str, Any]) -> str:
    """Return the language a document says it is in; empty stands for one that is not known."""
    said = metadata.get("language")
    return said.replace("_", "-") if isinstance(said, str) and _LANGUAGE.match(said) else ""
