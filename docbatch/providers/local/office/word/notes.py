"""Footnotes, endnotes and comments: their marks in the text, and what they say, under one name."""

import xml.etree.ElementTree as ET
from dataclasses import dataclass

from docbatch.providers.local.flow import ordinals
from docbatch.providers.local.flow.xml_tree import children, first
from docbatch.providers.local.office.word.parts import WordParts
from docbatch.providers.local.office.word.styles import VALUE

# For each kind: the relation of its part, and its element there.
_KINDS = {"footnote": "footnotes", "endnote": "endnotes", "comment": "comments"}


@dataclass(frozen=True, slots=True)
class WordNote:
    """A note whose mark was met: what it is called in text and Markdown, and where it stands."""

    kind: str
    label: str
    author: str
    element: ET.Element
    part: str

    @property
    def role(self) -> str:
        return "comment" if self.kind == "comment" else "note"

    def opening(self) -> tuple[str, str]:
        """Return what its text begins with, and its Markdown."""
        said = f"{self.author}: " if self.author else ""
        return f"[{self.label.replace('-', ' ')}] {said}", f"[^{self.label}]: {said}"


class WordNotes:
    """The notes of one document. Each is told once, after the paragraph of its first mark."""

    def __init__(self, parts: WordParts, main: str, settings: ET.Element | None) -> None:
        self._parts = parts
        self._main = main
        self._formats = {kind: _format(settings, kind) for kind in _KINDS}
        self._found: dict[str, tuple[str, dict[str, ET.Element]]] = {}
        self._labels: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = {}
        self._waiting: list[WordNote] = []

    def mark(self, kind: str, identifier: str) -> tuple[str, str]:
        """Return a note's mark as text and as Markdown, and remember to tell it."""
        part, elements = self._elements(kind)
        key = (kind, identifier)
        if key not in self._labels:
            count = self._counts[kind] = self._counts.get(kind, 0) + 1
            self._labels[key] = (
                f"comment-{count}" if kind == "comment" else ordinals.shown(count, self._formats[kind])
            )
            element = elements.get(identifier)
            if element is None:
                self._parts.missed.setdefault(part, f"{kind} {identifier} is missing")
            else:
                self._waiting.append(
                    WordNote(kind, self._labels[key], element.get("w:author", ""), element, part)
                )
        label = self._labels[key]
        return f"[{label.replace('-', ' ')}]", f"[^{label}]"

    def waiting(self) -> list[WordNote]:
        """Return the notes that were marked and not yet told."""
        told, self._waiting = self._waiting, []
        return told

    def mark_the_rest(self) -> None:
        """Remember to tell comments that have no mark: they stand beside the text all the same."""
        if any(link.kind == "comments" for link in self._parts.links(self._main).values()):
            for identifier in self._elements("comment")[1]:
                self.mark("comment", identifier)

    def _elements(self, kind: str) -> tuple[str, dict[str, ET.Element]]:
        if kind not in self._found:
            links = self._parts.links(self._main).values()
            part = next((each.target for each in links if each.kind == _KINDS[kind]), f"word/{kind}s.xml")
            root = self._parts.tree(part)
            self._found[kind] = (
                part,
                {each.get("w:id", ""): each for each in children(root, f"w:{kind}")},
            )
        return self._found[kind]


def _format(settings: ET.Element | None, kind: str) -> str:
    found = first(settings, f"w:{kind}Pr", "w:numFmt")
    if found is not None and found.get(VALUE):
        return found.get(VALUE, "")
    return "lowerRoman" if kind == "endnote" else "decimal"
