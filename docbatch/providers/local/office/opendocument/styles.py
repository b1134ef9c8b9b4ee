"""What the styles of an OpenDocument say: what is hidden, emphasised, a title, and how lists are numbered."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass

from docbatch.providers.local.flow import ordinals
from docbatch.providers.local.flow.prose import Look
from docbatch.providers.local.flow.xml_tree import children, first, whole

_LONGEST_CHAIN = 20
_MOST_LEVELS = 10
_FORMATS = {"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman", "1": "decimal"}
_ROOMS = ("office:styles", "office:automatic-styles")
_BOLD = frozenset({"bold", "600", "700", "800", "900"})


@dataclass(frozen=True, slots=True)
class ListLevel:
    """How items at one depth of a list are marked; `kind` is empty where nothing is shown."""

    kind: str
    prefix: str = ""
    suffix: str = ""
    shows: int = 1
    start: int = 1


@dataclass(frozen=True, slots=True)
class _Style:
    look: Look
    is_hidden: bool


class OpenDocumentStyles:
    """The styles of one document, those of its content before those of its styles."""

    def __init__(self, *roots: ET.Element | None) -> None:
        self._styles: dict[tuple[str, str], ET.Element] = {}
        self._lists: dict[str, dict[int, ListLevel]] = {}
        self._looks: dict[tuple[str, str], _Style] = {}
        self.outline: dict[int, ListLevel] = {}
        for room in (room for root in roots for name in _ROOMS for room in children(root, name)):
            for each in room:
                if each.tag == "style:style":
                    key = (each.get("style:family", ""), each.get("style:name", ""))
                    self._styles.setdefault(key, each)
                elif each.tag == "text:list-style":
                    self._lists.setdefault(each.get("style:name", ""), _levels(each))
                elif each.tag == "text:outline-style":
                    self.outline = _levels(each)

    def look(self, family: str, name: str) -> tuple[Look, bool]:
        """Return how words of a style look, and whether they are hidden."""
        key = (family, name)
        if key not in self._looks:
            self._looks[key] = _said(list(self._chain(family, name)))
        return self._looks[key].look, self._looks[key].is_hidden

    def is_title(self, name: str) -> bool:
        return (
            any(each.get("style:name") == "Title" for each in self._chain("paragraph", name))
            or name == "Title"
        )

    def list_levels(self, name: str) -> dict[int, ListLevel]:
        return self._lists.get(name, {})

    def list_of(self, paragraph_style: str) -> str:
        chain = self._chain("paragraph", paragraph_style)
        return next((name for each in chain if (name := each.get("style:list-style-name"))), "")

    def is_hidden_page(self, name: str) -> bool:
        properties = (
            first(each, "style:drawing-page-properties") for each in self._chain("drawing-page", name)
        )
        return any(
            each is not None and each.get("presentation:visibility") == "hidden" for each in properties
        )

    def masters(self) -> set[str]:
        """Return the names of the page layouts that paragraphs and tables ask for."""
        return {name for each in self._styles.values() if (name := each.get("style:master-page-name"))}

    def _chain(self, family: str, name: str) -> Iterator[ET.Element]:
        for _ in range(_LONGEST_CHAIN):
            style = self._styles.get((family, name))
            if style is None:
                return
            yield style
            name = style.get("style:parent-style-name", "")


def marker(levels: dict[int, ListLevel], counts: dict[int, int], depth: int) -> str:
    """Return what is shown before an item at a depth, from 1, whose list has counted so far."""
    level = levels.get(depth)
    if level is None or level.kind == "bullet":
        return "-"
    if not level.kind:
        return ""
    shown = range(max(depth - level.shows, 0) + 1, depth + 1)
    numbers = (ordinals.shown(counts.get(each, 1), _kind(levels, each, level)) for each in shown)
    return f"{level.prefix}{'.'.join(filter(None, numbers))}{level.suffix}".strip()


def _kind(levels: dict[int, ListLevel], depth: int, otherwise: ListLevel) -> str:
    return levels.get(depth, otherwise).kind


def _said(chain: list[ET.Element]) -> _Style:
    # A style that says nothing of a property has it from the one it is based on.
    properties = [each for style in chain if (each := first(style, "style:text-properties")) is not None]

    def value(name: str) -> str:
        return next((found for each in properties if (found := each.get(name))), "")

    look = Look(
        bold=value("xsl-fo:font-weight") in _BOLD,
        italic=value("xsl-fo:font-style") in {"italic", "oblique"},
        struck=value("style:text-line-through-style") not in {"", "none"}
        or value("style:text-line-through-type") not in {"", "none"},
        is_raised=_is_raised(value("style:text-position")),
    )
    return _Style(look, value("text:display") in {"none", "true"})


def _is_raised(position: str) -> bool:
    """Say whether words stand higher than others: by a word or by how much of their height."""
    place = position.partition(" ")[0]
    return place == "super" or (place.endswith("%") and place[0] not in "-0")


def _levels(style: ET.Element) -> dict[int, ListLevel]:
    levels = {}
    for each in style:
        depth = whole(each.get("text:level"), 1)
        if not 1 <= depth <= _MOST_LEVELS:
            continue
        if each.tag in {"text:list-level-style-number", "text:outline-level-style"}:
            levels[depth] = ListLevel(
                _FORMATS.get(each.get("style:num-format", ""), ""),
                each.get("style:num-prefix", ""),
                each.get("style:num-suffix", ""),
                whole(each.get("text:display-levels"), 1),
                whole(each.get("text:start-value"), 1),
            )
        elif each.tag.startswith("text:list-level-style-"):
            levels[depth] = ListLevel("bullet")
    return levels
