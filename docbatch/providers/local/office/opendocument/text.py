"""The text of an OpenDocument as blocks: paragraphs, lists, tables, and what is drawn or noted in them."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from docbatch.providers.local.flow.prose import Look, Prose
from docbatch.providers.local.flow.story import Story
from docbatch.providers.local.flow.xml_tree import children, first, text_within, whole
from docbatch.providers.local.office.opendocument import form_fields, tables
from docbatch.providers.local.office.opendocument.files import OpenDocumentFiles
from docbatch.providers.local.office.opendocument.lists import ListStanding, OpenDocumentLists
from docbatch.providers.local.office.opendocument.styles import OpenDocumentStyles

_DEEPEST = 100
_MOST_SPACES = 200
_SPACES = re.compile(r"[ \t\r\n]+")
_CHANGED = "the document has tracked changes; it is read as if all were accepted"
_HIDDEN = "the document has hidden text; it is marked as hidden"
# Bookkeeping, and what stands for itself elsewhere.
_NOT_SHOWN = frozenset(
    {
        "text:sequence-decls", "text:variable-decls", "text:user-field-decls", "text:dde-connection-decls", "office:forms",
        "office:scripts", "text:alphabetical-index-mark", "text:toc-mark", "text:user-index-mark", "svg:title", "svg:desc",
        "table:table-column", "table:table-columns", "table:shapes-template", "office:event-listeners", "text:index-title-template",
        "text:note-citation", "office:annotation-end", "text:table-of-content-source", "text:illustration-index-source",
        "text:alphabetical-index-source", "text:bibliography-source", "text:user-index-source", "text:table-index-source",
        "text:object-index-source", "office:settings", "draw:glue-point", "draw:enhanced-geometry", "draw:image-map",
        "text:meta-field-source", "style:style", "office:change-info", "presentation:notes", "text:script",
    }
)  # fmt: skip


@dataclass(slots=True)
class _Line:
    prose: Prose = field(default_factory=Prose)
    hidden: Prose = field(default_factory=Prose)
    beside: Story = field(default_factory=Story)
    ends_with_space: bool = True


class OpenDocumentReader:
    """Reads the blocks of one document; lists count on, notes wait to be told."""

    def __init__(self, files: OpenDocumentFiles, styles: OpenDocumentStyles) -> None:
        self.files = files
        self.styles = styles
        self.pictures = 0
        self._lists = OpenDocumentLists(styles)
        self._line = _Line()
        self._depth = 0
        self._comments = 0
        self._labels: dict[str, int] = {}
        self._notes = Story()
        self._blocks: Mapping[str, Callable[[ET.Element, Story], None]] = {
            "text:p": self._paragraph,
            "text:h": self._heading,
            "text:list": lambda element, story: self._list(element, story, None),
            "text:numbered-paragraph": self.inside,
            "table:table": self._table,
            "text:section": self._section,
            "text:tracked-changes": lambda element, _: self._changes(element),
            "office:annotation": lambda element, _: self._comment(element),
            "text:hidden-paragraph": self._hidden_paragraph,
            "draw:object": self._object,
            "draw:object-ole": lambda _element, _story: self.files.warn(
                "an embedded object is shown, not read"
            ),
            "draw:image": self._picture,
        }
        self._spans: Mapping[str, Callable[[ET.Element, Look, bool], None]] = {
            "text:span": self._span,
            "text:a": self._link,
            "text:s": lambda element, look, hidden: self._say(
                " " * min(whole(element.get("text:c"), 1), _MOST_SPACES), look, hidden
            ),
            "text:tab": lambda _, look, hidden: self._say("\t", look, hidden),
            "text:line-break": lambda _, look, hidden: self._say("\n", look, hidden),
            "text:note": lambda element, _look, _hidden: self._note(element),
            "office:annotation": lambda element, _look, _hidden: self._comment(element),
            "text:ruby-text": self._ruby,
            "field:fieldmark": lambda element, look, hidden: self._say(
                form_fields.shown(element), look, hidden
            ),
            "text:hidden-text": lambda element, look, _: self._hidden_text(element, look),
        }

    def inside(self, element: ET.Element, story: Story) -> None:
        """Add the blocks inside an element."""
        if self._depth > _DEEPEST:
            self.files.warn("something is nested too deeply; its words are read without their form")
            story.paragraph(Prose(" ".join(text_within(element).split())))
            return
        self._depth += 1
        for child in element:
            if child.tag in self._blocks:
                self._blocks[child.tag](child, story)
            elif child.tag not in _NOT_SHOWN:
                self.inside(child, story)
            self._describe(child, story)
        self._depth -= 1

    def body(self, element: ET.Element, story: Story) -> None:
        """Add the blocks of a whole document, each followed by the notes that were marked in it."""
        for child in element:
            if child.tag in _TRANSPARENT:
                self.body(child, story)
                continue
            wrapper = ET.Element("office:text")
            wrapper.append(child)
            self.inside(wrapper, story)
            if not story.ends_with_item():
                self.tell_notes(story)
        self.tell_notes(story)

    def tell_notes(self, story: Story) -> None:
        """Add the notes that were marked and not yet told."""
        told, self._notes = self._notes, Story()
        story.extend(told)

    def _paragraph(self, element: ET.Element, story: Story) -> None:
        self._finish(self._read(element), story, element)

    def _finish(self, line: _Line, story: Story, element: ET.Element) -> None:
        if self.styles.is_title(element.get("text:style-name", "")) and line.prose:
            story.heading(line.prose, 1)
        else:
            story.paragraph(line.prose)
        self._beside(line, story)

    def _beside(self, line: _Line, story: Story) -> None:
        if line.hidden:
            self.files.warn(_HIDDEN)
            line.hidden.put_first("[hidden] ")
            story.paragraph(line.hidden, "hidden")
        story.extend(line.beside)

    def _heading(self, element: ET.Element, story: Story, number: str = "") -> None:
        level = max(whole(element.get("text:outline-level"), 1), 1)
        line = self._read(element)
        number = number or self._lists.heading(element, level)
        if line.prose:
            written = first(element, "text:number")
            if number and number != "-" and written is None:
                line.prose.put_first(f"{number} ")
            story.heading(line.prose, level)
        self._beside(line, story)

    def _list(self, element: ET.Element, story: Story, within: ListStanding | None) -> None:
        standing = self._lists.entered(element, within)
        if self._depth > _DEEPEST:
            self.inside(element, story)
            return
        self._depth += 1
        for each in element:
            if each.tag in {"text:list-item", "text:list-header"}:
                self._item(each, story, standing)
            elif each.tag not in _NOT_SHOWN:
                self.inside(each, story)
        self._depth -= 1

    def _item(self, item: ET.Element, story: Story, standing: ListStanding) -> None:
        has_words = any(child.tag in {"text:p", "text:h"} for child in item)
        mark = self._lists.mark(standing, item) if has_words and item.tag == "text:list-item" else ""
        for child in item:
            if child.tag == "text:p":
                line = self._read(child)
                if mark or story.ends_with_item():
                    story.item(line.prose, standing.depth - 1, mark)
                else:
                    story.paragraph(line.prose)
                mark = mark if not line.prose else ""
                self._beside(line, story)
            elif child.tag == "text:h":
                self._heading(child, story, mark)
                mark = ""
            elif child.tag == "text:list":
                self._list(child, story, standing)
            elif child.tag not in _NOT_SHOWN:
                self.inside(child, story)

    def _table(self, element: ET.Element, story: Story) -> None:
        try:
            cells = tables.grid(element, self.cell)
        except tables.TooManyCellsError as error:
            cells = error.cells
            self.files.lose(
                f"table {element.get('table:name', '')}: only its first {len(cells)} cells were read"
            )
        story.table(cells)

    def cell(self, element: ET.Element) -> Story:
        story = Story()
        self.inside(element, story)
        return story

    def _section(self, element: ET.Element, story: Story) -> None:
        if element.get("text:display") == "none" or element.get("text:is-hidden") == "true":
            self.files.warn(_HIDDEN)
            hidden = Story()
            self.inside(element, hidden)
            story.extend(hidden, "hidden")
        else:
            self.inside(element, story)

    def _hidden_paragraph(self, element: ET.Element, story: Story) -> None:
        if element.get("text:is-hidden") != "true":
            self.inside(element, story)

    def _changes(self, element: ET.Element) -> None:
        if len(element):
            self.files.warn(_CHANGED)

    def _picture(self, element: ET.Element, story: Story) -> None:
        self.pictures += 1
        self.inside(element, story)

    def _object(self, element: ET.Element, story: Story) -> None:
        """Add what an embedded document shows: a chart's figures, a formula, a sheet."""
        root = self.files.inner(element.get("xlink:href", "")) if element.get("xlink:href") else element
        if root is None:
            self.files.warn("an embedded object is shown, not read")
            return
        formula = root if root.tag == "math:math" else next(root.iter("math:math"), None)
        if formula is not None:
            annotation = next(formula.iter("math:annotation"), None)
            source = annotation if annotation is not None else formula
            story.paragraph(Prose(" ".join(text_within(source).split())), kind="formula")
        else:
            self.inside(root, story)

    def _describe(self, element: ET.Element, story: Story) -> None:
        """Add the words that stand for a picture."""
        if element.tag == "draw:frame" and first(element, "draw:image") is not None:
            words = [
                text_within(each) for name in ("svg:title", "svg:desc") for each in children(element, name)
            ]
            story.paragraph(Prose(": ".join(filter(None, dict.fromkeys(words)))), kind="image")

    def _note(self, element: ET.Element) -> None:
        citation = first(element, "text:note-citation")
        label = "".join(text_within(citation).split()) if citation is not None else ""
        label = self._unique(label or str(len(self._labels) + 1))
        self._line.prose.add(f"[{label}]", marked=f"[^{label}]")
        body = first(element, "text:note-body")
        self._tell(f"[{label}] ", f"[^{label}]: ", body, "note")

    def _comment(self, element: ET.Element) -> None:
        self._comments += 1
        author = first(element, "dc:creator")
        said = f"{text_within(author)}: " if author is not None else ""
        label = f"comment-{self._comments}"
        self._line.prose.add(f"[comment {self._comments}]", marked=f"[^{label}]")
        words = ET.Element("text:note-body")
        words.extend(child for child in element if child.tag.startswith("text:"))
        self._tell(f"[comment {self._comments}] {said}", f"[^{label}]: {said}", words, "comment")

    def _tell(self, opening: str, marked: str, body: ET.Element | None, role: str) -> None:
        outer, told = self._line, Story()
        if body is not None:
            self.inside(body, told)
        self._line = outer
        text, markdown = told.lines()
        prose = Prose()
        prose.add(opening + text, marked=marked + markdown)
        self._notes.paragraph(prose, role)

    def _unique(self, label: str) -> str:
        """Return a note's label, and a number with it where the document gives one label to several notes."""
        count = self._labels[label] = self._labels.get(label, 0) + 1
        return label if count == 1 else f"{label}-{count}"

    def _read(self, element: ET.Element) -> _Line:
        outer, self._line = self._line, _Line()
        _, is_hidden = self.styles.look("paragraph", element.get("text:style-name", ""))
        self._inline(element, Look(), is_hidden)
        line, self._line = self._line, outer
        return line

    def _inline(self, element: ET.Element, look: Look, is_hidden: bool) -> None:
        if self._depth > _DEEPEST:
            self._flow(text_within(element), look, is_hidden)
            return
        self._depth += 1
        self._flow(element.text, look, is_hidden)
        for child in element:
            if child.tag in self._spans:
                self._spans[child.tag](child, look, is_hidden)
            elif child.tag in _DRAWN or child.tag in self._blocks:
                self._drawn(child)
            elif child.tag not in _NOT_SHOWN:
                self._inline(child, look, is_hidden)
            self._flow(child.tail, look, is_hidden)
        self._depth -= 1

    def _drawn(self, element: ET.Element) -> None:
        wrapper = ET.Element("draw:g")
        wrapper.append(element)
        line, beside = self._line, Story()
        self.inside(wrapper, beside)
        self._line = line
        line.beside.extend(beside)

    def _flow(self, text: str | None, look: Look, is_hidden: bool) -> None:
        if text:
            shown = _SPACES.sub(" ", text)
            if self._line.ends_with_space:
                shown = shown.removeprefix(" ")
            self._say(shown, look, is_hidden)
            if shown:
                self._line.ends_with_space = shown.endswith(" ")

    def _say(self, text: str, look: Look, is_hidden: bool) -> None:
        if text:
            (self._line.hidden if is_hidden else self._line.prose).add(text, look)
            self._line.ends_with_space = False

    def _span(self, element: ET.Element, look: Look, is_hidden: bool) -> None:
        own, hides = self.styles.look("text", element.get("text:style-name", ""))
        dressed = Look(
            look.bold or own.bold,
            look.italic or own.italic,
            look.struck or own.struck,
            look.link,
            is_raised=look.is_raised or own.is_raised,
        )
        self._inline(element, dressed, is_hidden or hides)

    def _link(self, element: ET.Element, look: Look, is_hidden: bool) -> None:
        linked = replace(look, link=element.get("xlink:href", ""))
        self._inline(element, linked, is_hidden)

    def _ruby(self, element: ET.Element, look: Look, is_hidden: bool) -> None:
        self._say("(", look, is_hidden)
        self._inline(element, look, is_hidden)
        self._say(")", look, is_hidden)

    def _hidden_text(self, element: ET.Element, look: Look) -> None:
        is_hidden = element.get("text:is-hidden", "true") == "true"
        self._say(text_within(element) or element.get("text:string-value", ""), look, is_hidden)


_DRAWN = frozenset(
    {
        "draw:frame", "draw:g", "draw:custom-shape", "draw:rect", "draw:ellipse", "draw:circle", "draw:line", "draw:polyline",
        "draw:polygon", "draw:path", "draw:connector", "draw:caption", "draw:control", "draw:a", "draw:measure", "draw:regular-polygon",
    }
)  # fmt: skip
_TRANSPARENT = frozenset({"text:table-of-content", "text:index-body"})
