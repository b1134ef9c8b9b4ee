"""The body of a Word document, and of its headers, notes and text boxes, as blocks."""

import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping

from docbatch.providers.local.flow.prose import Prose
from docbatch.providers.local.flow.story import Story
from docbatch.providers.local.flow.xml_tree import first, text_within
from docbatch.providers.local.office.word import parts, tables
from docbatch.providers.local.office.word.notes import WordNotes
from docbatch.providers.local.office.word.numbering import WordNumbering
from docbatch.providers.local.office.word.paragraphs import CHANGED, HIDDEN, WordLine, WordReader
from docbatch.providers.local.office.word.pictures import Drawn, chosen
from docbatch.providers.local.office.word.styles import VALUE, WordStyles, list_place

# Each table in a table is several calls deep.
_DEEPEST_BLOCK = 40
_GONE = frozenset({"w:del", "w:moveFrom"})
_COME = frozenset({"w:ins", "w:moveTo"})
_PASSED = frozenset({"w:sdtContent", "w:customXml", "w:sdt", *_COME})

Insert = Callable[[str], Story | None]
Sections = Callable[[ET.Element, Story], None]


class WordBody:
    """Reads blocks. One for the whole document: lists count on, and notes are told once."""

    def __init__(
        self,
        parts_: parts.WordParts,
        styles: WordStyles,
        numbering: WordNumbering,
        notes: WordNotes,
        insert: Insert,
    ) -> None:
        self._parts = parts_
        self._styles = styles
        self._numbering = numbering
        self._notes = notes
        self._insert = insert
        self._depth = 0
        self._carried = Prose()
        self._readers: Mapping[str, Callable[[ET.Element, Story, WordReader], None]] = {
            "w:p": self._paragraph,
            "w:tbl": self._table,
            "w:altChunk": self._chunk,
            "mc:AlternateContent": self._alternatives,
        }
        self.pictures = 0

    def reader(self, part: str) -> WordReader:
        return WordReader(self._parts, part, self._styles, self._notes)

    def read(self, element: ET.Element, reader: WordReader, at_section: Sections | None = None) -> Story:
        """Return the blocks inside an element. `at_section` is told of every section's end, in its place."""
        story = Story()
        if self._depth > _DEEPEST_BLOCK:
            self._flat(element, story, reader)
            return story
        self._depth += 1
        self._blocks(element, story, reader, at_section)
        self._depth -= 1
        return story

    def part(self, name: str) -> Story:
        """Return the blocks of a part of its own, such as a header."""
        root = self._parts.tree(name)
        if root is None:
            return Story()
        reader = self.reader(name)
        story = self.read(root, reader)
        self.tell_notes(story)
        self.put_back(root, reader, story)
        return story

    def tell_notes(self, story: Story) -> None:
        """Add the notes that were marked and not yet told."""
        while notes := self._notes.waiting():
            for note in notes:
                text, marked = self.read(note.element, self.reader(note.part)).lines()
                opening, marked_opening = note.opening()
                prose = Prose()
                prose.add(opening + text, marked=marked_opening + marked)
                story.paragraph(prose, note.role)

    def put_back(self, root: ET.Element, reader: WordReader, story: Story) -> None:
        """Add words that no step has read, and say so: a construction is not known, its words still count."""
        if unsaid := reader.unsaid():
            self._parts.warn(
                f"{reader.part}: a field has no end; what follows its beginning stands at the end"
            )
            story.paragraph(Prose(unsaid))
        missed = [each for each in _texts(root) if id(each) not in reader.seen and (each.text or "").strip()]
        if missed:
            self._parts.warn(
                f"{reader.part}: some words stand at the end, since their place is not understood"
            )
            story.paragraph(Prose(" ".join(text_within(each) for each in missed)))

    def _blocks(
        self, element: ET.Element, story: Story, reader: WordReader, at_section: Sections | None
    ) -> None:
        waiting = list(reversed(element))
        while waiting:
            each = waiting.pop()
            name = each.tag
            if name in self._readers:
                self._readers[name](each, story, reader)
                if at_section and not story.ends_with_item():
                    self.tell_notes(story)
                section = first(each, "w:pPr", "w:sectPr")
                if section is not None and at_section:
                    at_section(section, story)
            elif name in _GONE or name in _COME:
                self._parts.warn(CHANGED)
                waiting += reversed(each if name in _COME else ())
            elif name in _PASSED:
                waiting += reversed(each)
            elif name == "w:sectPr" and at_section:
                at_section(each, story)
            elif name in {"m:oMathPara", "m:oMath"}:
                wrapper = ET.Element("w:p")
                wrapper.append(each)
                self._paragraph(wrapper, story, reader)

    def _flat(self, element: ET.Element, story: Story, reader: WordReader) -> None:
        self._parts.warn("something is nested too deeply; its words are read without their form")
        texts = list(_texts(element))
        reader.seen.update(map(id, texts))
        story.paragraph(Prose(" ".join(map(text_within, texts))))

    def _paragraph(self, paragraph: ET.Element, story: Story, reader: WordReader) -> None:
        properties = first(paragraph, "w:pPr")
        named = first(properties, "w:pStyle")
        style = self._styles.default("paragraph") if named is None else named.get(VALUE, "")
        level = self._styles.heading(style, properties)
        line = reader.line(paragraph, style, dresses=level is None)
        if self._carried:
            self._carried.extend(line.shown)
            line.shown, self._carried = self._carried, Prose()
        if first(properties, "w:rPr", "w:del") is not None:
            # With the change accepted its end is gone: what follows belongs to it.
            self._parts.warn(CHANGED)
            self._carried = line.shown
            line.shown = Prose()
        elif line.shown:
            self._place(line.shown, story, style, properties, level)
        self._beside(line, story, reader)

    def _place(
        self, prose: Prose, story: Story, style: str, properties: ET.Element | None, level: int | None
    ) -> None:
        place = list_place(properties) or self._styles.list_place(style)
        depth = self._numbering.level_of(place, style) if place else 0
        marker = self._numbering.marker(place, depth) if place else None
        if level is not None:
            if marker and marker != "-":
                prose.put_first(f"{marker} ")
            story.heading(prose, level)
        elif marker:
            story.item(prose, depth or self._styles.list_depth(style), marker)
        else:
            story.paragraph(prose)

    def _beside(self, line: WordLine, story: Story, reader: WordReader) -> None:
        if line.hidden:
            self._parts.warn(HIDDEN)
            line.hidden.put_first("[hidden] ")
            story.paragraph(line.hidden, "hidden")
        for drawn in line.beside:
            self._drawn(drawn, story, reader)

    def _drawn(self, drawn: Drawn, story: Story, reader: WordReader) -> None:
        match drawn.kind:
            case "box" if drawn.box is not None:
                story.extend(self.read(drawn.box, reader))
            case "shown":
                story.show(drawn.blocks)
            case "picture":
                self.pictures += 1
                story.paragraph(Prose(drawn.text), kind="image")
            case "words":
                story.paragraph(Prose(drawn.text), kind="image")
            case "text":
                story.paragraph(Prose(drawn.text))

    def _table(self, table: ET.Element, story: Story, reader: WordReader) -> None:
        story.table(tables.grid(table, lambda cell: self.read(cell, reader)))

    def _chunk(self, chunk: ET.Element, story: Story, reader: WordReader) -> None:
        target = self._parts.target(reader.part, chunk.get("r:id"))
        inserted = self._insert(target) if target else None
        if inserted is not None:
            story.extend(inserted)

    def _alternatives(self, element: ET.Element, story: Story, reader: WordReader) -> None:
        form = chosen(element)
        if form is not None:
            story.extend(self.read(form, reader))


def _texts(root: ET.Element) -> list[ET.Element]:
    """Return all words of a part in the form that is read: deleted ones and second forms of a thing left out."""
    found = []
    waiting = [root]
    while waiting:
        each = waiting.pop()
        if each.tag == "w:t":
            found.append(each)
        elif each.tag == "mc:AlternateContent":
            form = chosen(each)
            waiting += reversed(form if form is not None else ())
        elif each.tag not in _GONE and not _is_deleted_row(each):
            waiting += reversed(each)
    return found


def _is_deleted_row(element: ET.Element) -> bool:
    return element.tag == "w:tr" and first(element, "w:trPr", "w:del") is not None
