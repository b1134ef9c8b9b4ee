"""A presentation: its slides in the order of showing, and what belongs to all of them."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field

from docbatch.providers.local import blocks
from docbatch.providers.local.engines import Json
from docbatch.providers.local.flow.unreadable import UnreadablePartError
from docbatch.providers.local.flow.xml_tree import first, whole
from docbatch.providers.local.office.drawing_text import lines
from docbatch.providers.local.office.opc import OpcPackage, Relation

MAIN = "ppt/presentation.xml"
_SLIDE = re.compile(r"ppt/slides/slide(\d{1,9})\.xml$", re.IGNORECASE)


_WIDTH, _HEIGHT = 9_144_000, 6_858_000


@dataclass(frozen=True, slots=True)
class Standing:
    """A slide's place: `number` counts from 1, `shown_number` is what its own field shows."""

    number: int
    shown_number: int
    part: str | None


@dataclass(slots=True)
class Deck:
    package: OpcPackage
    width: int = _WIDTH
    height: int = _HEIGHT
    standings: list[Standing] = field(default_factory=list)
    authors: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def comments(self, relations: dict[str, Relation]) -> list[Json]:
        """Return the remarks on a slide with their answers. Raises UnreadablePartError."""
        parts = [
            each.target for each in relations.values() if each.kind == "comments" and not each.is_external
        ]
        return [block for part in parts for block in self._remarks(self.package.plain_tree(part))]

    def _remarks(self, tree: ET.Element) -> Iterator[Json]:
        for each in tree.iter():
            if each.tag not in {"cm", "reply"}:
                continue
            old = first(each, "text")
            body = first(each, "txBody")
            text = (old.text or "").strip() if old is not None else "" if body is None else lines(body)
            author = self.authors.get(each.get("authorId", ""), "")
            if text:
                yield {**blocks.paragraph(f"{author}: {text}" if author else text), "role": "comment"}


def read(package: OpcPackage) -> Deck:
    """Return what a presentation says of its slides.

    Where its list cannot be read, slides stand in the order of their parts' numbers, and that is said. Raises
    UnreadablePartError where there is neither.
    """
    deck = Deck(package)
    main = package.main(MAIN)
    try:
        tree, relations = package.plain_tree(main), package.relations(main)
        listed = first(tree, "sldIdLst")
        targets = [
            _target(relations.get(each.get("r:id", ""))) for each in (() if listed is None else listed)
        ]
        size = first(tree, "sldSz")
        deck.width = max(whole(None if size is None else size.get("cx"), _WIDTH), 1)
        deck.height = max(whole(None if size is None else size.get("cy"), _HEIGHT), 1)
        start = whole(tree.get("firstSlideNum"), 1)
        authors = [each.target for each in relations.values() if each.kind in {"commentAuthors", "authors"}]
    except UnreadablePartError as error:
        targets, start, authors = list(_by_number(package)), 1, []
        if not targets:
            raise
        deck.warnings.append(
            f"the list of slides cannot be read ({error}): they stand in the order of their parts"
        )
    if (
        targets
        and not any(target is not None and target in package for target in targets)
        and any(_by_number(package))
    ):
        targets = list(_by_number(package))
        deck.warnings.append("the list of slides leads nowhere: they stand in the order of their parts")
    deck.standings = [Standing(at, at - 1 + start, target) for at, target in enumerate(targets, 1)]
    for part in authors:
        deck.authors |= _authors(package, part)
    return deck


def _target(relation: Relation | None) -> str | None:
    return None if relation is None or relation.is_external else relation.target


def _by_number(package: OpcPackage) -> Iterator[str]:
    numbered = ((int(match[1]), name) for name in package.names() if (match := _SLIDE.match(name)))
    yield from (name for _, name in sorted(numbered))


def _authors(package: OpcPackage, part: str) -> dict[str, str]:
    try:
        tree = package.plain_tree(part)
    except UnreadablePartError:
        return {}
    return {
        each.get("id", ""): each.get("name", "") for each in tree.iter() if each.tag in {"cmAuthor", "author"}
    }
