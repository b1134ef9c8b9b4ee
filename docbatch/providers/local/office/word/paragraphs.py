"""A paragraph of Word: its words as a reader sees them with all changes accepted, and what is anchored in it."""

import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from docbatch.providers.local.flow import symbols
from docbatch.providers.local.flow.prose import Look, Prose
from docbatch.providers.local.flow.xml_tree import first, text_within
from docbatch.providers.local.office.word import equations, pictures
from docbatch.providers.local.office.word.fields import EMPTY_BOX, TICKED, WordFields, address
from docbatch.providers.local.office.word.notes import WordNotes
from docbatch.providers.local.office.word.parts import WordParts
from docbatch.providers.local.office.word.styles import VALUE, WordStyles, is_on, look

# Deeper than any program nests them; what lies deeper is read without its form.
DEEPEST = 60
CHANGED = "the document has tracked changes; it is read as if all were accepted"
HIDDEN = "the document has hidden text; it is marked as hidden"
_GONE = frozenset({"w:del", "w:moveFrom"})
_COME = frozenset({"w:ins", "w:moveTo"})
_NOT_SHOWN = frozenset(
    {"w:pPr", "w:rPr", "w:sdtPr", "w:sdtEndPr", "w:tblPr", "w:delText", "w:delInstrText", "w:rubyPr"}
)
_SIGNS = {
    "w:tab": "\t",
    "w:ptab": "\t",
    "w:br": "\n",
    "w:cr": "\n",
    "w:noBreakHyphen": "\u2011",
    "w:softHyphen": "",
}


@dataclass(slots=True)
class WordLine:
    """What a paragraph says; `hidden` is what of it is not shown, `beside` what its drawings hold."""

    shown: Prose = field(default_factory=Prose)
    hidden: Prose = field(default_factory=Prose)
    beside: list[pictures.Drawn] = field(default_factory=list)


class WordReader:
    """Reads the paragraphs of one part, in their order: fields may begin in one and end in another."""

    def __init__(self, parts: WordParts, part: str, styles: WordStyles, notes: WordNotes) -> None:
        self.parts = parts
        self.part = part
        self.styles = styles
        self.notes = notes
        self.seen: set[int] = set()
        self._fields = WordFields()
        self._line = WordLine()
        self._link = ""
        self._dresses = True
        self._is_hidden = False
        self._readers: Mapping[str, Callable[[ET.Element, int], None]] = {
            "w:r": self._run,
            "w:ruby": self._ruby,
            "w:hyperlink": self._hyperlink,
            "w:sdt": self._control,
            "w:fldSimple": self._simple_field,
            "mc:AlternateContent": self._alternatives,
            "m:oMath": self._equation,
        }

    def line(self, paragraph: ET.Element, style: str, *, dresses: bool) -> WordLine:
        """Read one paragraph; `dresses` says whether bold and italic words are to be marked."""
        self._line = line = WordLine()
        self._dresses = dresses
        self._is_hidden = self.styles.look(style)[1]
        self._inside(paragraph, 0)
        return line

    def unsaid(self) -> str:
        """Return words of fields that never end; shown, since nobody can tell them from others."""
        return self._fields.unsaid()

    def _inside(self, element: ET.Element, depth: int) -> None:
        if depth > DEEPEST:
            self._flat(element)
            return
        for child in element:
            name = child.tag
            if name in self._readers:
                self._readers[name](child, depth + 1)
            elif name in _GONE or name in _COME:
                self.parts.warn(CHANGED)
                if name in _COME:
                    self._inside(child, depth + 1)
            elif name not in _NOT_SHOWN:
                self._inside(child, depth + 1)

    def _flat(self, element: ET.Element) -> None:
        self.parts.warn("something is nested too deeply; its words are read without their form")
        for text in element.iter("w:t"):
            self.seen.add(id(text))
            self._line.shown.add(text_within(text))

    def _run(self, run: ET.Element, depth: int) -> None:
        dress, is_hidden, font = self._look(first(run, "w:rPr"))
        for child in run:
            said = self._said(child, font)
            if said is not None:
                self._say(said, dress, is_hidden=is_hidden)
            elif child.tag in _MARKS:
                self._note(_MARKS[child.tag], child)
            elif child.tag in _DRAWINGS:
                self._drawing(child)
            elif child.tag in self._readers:
                self._readers[child.tag](child, depth + 1)
            elif child.tag not in _NOT_SHOWN:
                self._inside(child, depth + 1)

    def _said(self, element: ET.Element, font: str) -> str | None:
        """Return what a piece of a run says; None where it is more than words."""
        name = element.tag
        if name == "w:t":
            self.seen.add(id(element))
            return symbols.translated(_words(element), font)
        if name in _SIGNS:
            return _SIGNS[name]
        if name == "w:sym":
            return symbols.character(element.get("w:font", ""), _hexadecimal(element.get("w:char")))
        if name == "w:fldChar":
            self._line.shown.add(self._fields.turn(element))
            return ""
        if name == "w:instrText":
            self._fields.instruct(text_within(element))
            return ""
        return None

    def _look(self, properties: ET.Element | None) -> tuple[Look, bool, str]:
        dress, is_hidden, font = look(properties)
        style = first(properties, "w:rStyle")
        styled, hides, styled_font = self.styles.look(style.get(VALUE, "")) if style is not None else _PLAIN
        vanish = first(properties, "w:vanish")
        hidden = (self._is_hidden or hides or is_hidden) if vanish is None else is_hidden
        link = self._link or self._fields.link()
        if not self._dresses:
            dress, styled = Look(is_raised=dress.is_raised), Look(is_raised=styled.is_raised)
        return (
            Look(
                dress.bold or styled.bold,
                dress.italic or styled.italic,
                dress.struck or styled.struck,
                link,
                is_raised=dress.is_raised or styled.is_raised,
            ),
            hidden,
            font or styled_font,
        )

    def _say(self, text: str, dress: Look, *, is_hidden: bool) -> None:
        if text and self._fields.show():
            (self._line.hidden if is_hidden else self._line.shown).add(text, dress)
        elif text:
            self._fields.keep(text)

    def _note(self, kind: str, mark: ET.Element) -> None:
        if self._fields.show():
            text, marked = self.notes.mark(kind, mark.get("w:id", ""))
            self._line.shown.add(text, marked=marked)

    def _drawing(self, element: ET.Element) -> None:
        self._line.beside += pictures.drawn(element, self.parts, self.part)

    def _alternatives(self, element: ET.Element, depth: int) -> None:
        form = pictures.chosen(element)
        if form is None:
            return
        if any(child.tag in _DRAWINGS for child in form):
            self._drawing(form)
        else:
            self._inside(form, depth)

    def _ruby(self, element: ET.Element, depth: int) -> None:
        base, above = first(element, "w:rubyBase"), first(element, "w:rt")
        if base is not None:
            self._inside(base, depth)
        if above is not None:
            self._line.shown.add("(")
            self._inside(above, depth)
            self._line.shown.add(")")

    def _hyperlink(self, element: ET.Element, depth: int) -> None:
        outer, identifier, anchor = self._link, element.get("r:id"), element.get("w:anchor")
        link = self.parts.links(self.part).get(identifier or "")
        address = link.target if link is not None and link.is_external else ""
        self._link = f"{address}#{anchor}" if anchor else address
        self._inside(element, depth)
        self._link = outer

    def _control(self, element: ET.Element, depth: int) -> None:
        box = first(element, "w:sdtPr", "w14:checkbox")
        content = first(element, "w:sdtContent")
        if box is not None and not (content is not None and text_within(content).strip()):
            state = first(box, "w14:checked")
            ticked = state is not None and is_on(state.get("w14:val"))
            self._line.shown.add(TICKED if ticked else EMPTY_BOX)
        if content is not None:
            self._inside(content, depth)

    def _simple_field(self, element: ET.Element, depth: int) -> None:
        outer = self._link
        self._link = outer or address(element.get("w:instr", ""))
        self._inside(element, depth)
        self._link = outer

    def _equation(self, element: ET.Element, _depth: int) -> None:
        for text in element.iter("w:t"):
            self.seen.add(id(text))
        if self._fields.show():
            self._line.shown.add(equations.line(element), marked=f"${equations.latex(element)}$")


_PLAIN = (Look(), False, "")
_MARKS = {"w:footnoteReference": "footnote", "w:endnoteReference": "endnote", "w:commentReference": "comment"}
_DRAWINGS = frozenset({"w:drawing", "w:pict", "w:object", "w:control"})


def _words(element: ET.Element) -> str:
    text = (element.text or "").replace("\n", " ")
    return text if element.get("xml:space") == "preserve" else text.strip()


def _hexadecimal(value: str | None) -> int:
    try:
        return int(value or "", 16)
    except ValueError:
        return 0
