"""The words of a vector picture (SVG): its title, its description, and each text where it stands in the file."""

from collections.abc import Iterator

from docbatch.core.models import Failure
from docbatch.media import charsets
from docbatch.providers.local.engines import Options, Parsed
from docbatch.providers.local.flow.prose import Prose
from docbatch.providers.local.flow.story import Story
from docbatch.providers.local.text.html_tree import Element, parse

_TEXTS = frozenset({"text", "title", "desc", "foreignobject", "flowroot"})
# A piece of text with a place of its own begins a line.
_PLACES = frozenset({"x", "y", "dy"})
_BREAKS = frozenset({"br", "p", "div", "li", "flowpara"})


class VectorEngine:
    label = "vector"

    def warm_up(self) -> None:
        """Pictures take no memory of their own."""

    def extract(self, data: bytes, _media_type: str, options: Options, /) -> Parsed | Failure:
        decoded = charsets.decode(data, options.encoding, charsets.declared_in_html(data))
        story, title = Story(), ""
        for element in _texts(parse(decoded.text)):
            said = Prose(_lines(element))
            title = title or (said.text() if element.name == "title" else "")
            story.paragraph(said)
        about = {"title": title} if title else {}
        return story.parsed(about, decoded.warnings, decoded.lost, unread=[] if story else [1])

    def close(self) -> None:
        """Nothing is held."""


def _texts(root: Element) -> Iterator[Element]:
    waiting = [root]
    while waiting:
        element = waiting.pop()
        if element.name in _TEXTS:
            yield element
        else:
            waiting += reversed(list(element.elements()))


def _lines(root: Element) -> str:
    parts: list[str] = []
    waiting: list[Element | str] = [root]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            parts.append(" ".join(each.split("\n")))
            continue
        if each is not root and (each.name in _BREAKS or _PLACES & each.attributes.keys()):
            parts.append("\n")
        waiting += reversed(each.children)
    return "\n".join(" ".join(line.split()) for line in "".join(parts).split("\n") if line.strip())
