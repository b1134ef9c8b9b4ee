"""Fields of Word: instructions that are not shown, and results that are."""

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass

from docbatch.providers.local.flow.symbols import character
from docbatch.providers.local.flow.xml_tree import children, first, whole
from docbatch.providers.local.office.word.styles import VALUE, is_on

TICKED, EMPTY_BOX = "\u2612", "\u2610"
_LINK = re.compile(r'^\s*HYPERLINK\s+(?:\\l\s+)?(?:"([^"]*)"|(\S+))', re.IGNORECASE)
_LOCAL = re.compile(r"\s\\l\s", re.IGNORECASE)
_BUTTON = re.compile(r"^\s*MACROBUTTON\s+\S+\s+(.*)", re.IGNORECASE | re.DOTALL)
_SYMBOL = re.compile(r'^\s*SYMBOL\s+(0x[0-9a-f]{1,5}|\d{1,6})(?:.*\\f\s+"?([^"\\]+))?', re.IGNORECASE)
_MOST_NESTED = 200


@dataclass(slots=True)
class _Field:
    instruction: str = ""
    shows: bool = False


class WordFields:
    """The fields that are open while a text is read; they may reach over paragraphs."""

    def __init__(self) -> None:
        self._open: list[_Field] = []
        self._unsaid: list[str] = []

    def keep(self, text: str) -> None:
        """Remember words that are not shown while the outermost field is open."""
        self._unsaid.append(text)

    def unsaid(self) -> str:
        """Return the words that fields without an end have swallowed."""
        return "".join(self._unsaid) if self._open else ""

    def show(self) -> bool:
        """Whether what is met now is shown, rather than part of an instruction."""
        return all(field.shows for field in self._open)

    def link(self) -> str:
        """Return the address that the text met now leads to."""
        return next((found for each in reversed(self._open) if (found := address(each.instruction))), "")

    def instruct(self, text: str) -> None:
        if self._open and not self._open[-1].shows:
            self._open[-1].instruction += text

    def turn(self, character: ET.Element) -> str:
        """Follow a field's beginning, middle and end; return what it shows without a result."""
        match character.get("w:fldCharType"):
            case "begin" if len(self._open) < _MOST_NESTED:
                shown = _form_field(character) if self.show() else ""
                self._open.append(_Field())
                return shown
            case "separate" if self._open:
                self._open[-1].shows = True
            case "end" if self._open:
                ended = self._open.pop()
                if not self._open:
                    self._unsaid.clear()
                if not ended.shows and self.show():
                    return _without_result(ended.instruction)
        return ""


def address(instruction: str) -> str:
    """Return where a field leads; empty where it is no link."""
    found = _LINK.match(instruction)
    if not found:
        return ""
    target = found[1] or found[2] or ""
    return f"#{target}" if _LOCAL.search(instruction) and "://" not in target else target


def _without_result(instruction: str) -> str:
    button = _BUTTON.match(instruction)
    if button:
        return button[1].strip()
    symbol = _SYMBOL.match(instruction)
    return character((symbol[2] or "").strip(), int(symbol[1], 0)) if symbol else ""


def _form_field(character: ET.Element) -> str:
    """Return the state of a tick box or the choice of a list in a form."""
    box = first(character, "w:ffData", "w:checkBox")
    if box is not None:
        state = first(box, "w:checked")
        state = first(box, "w:default") if state is None else state
        return TICKED if state is not None and is_on(state.get(VALUE)) else EMPTY_BOX
    choices = first(character, "w:ffData", "w:ddList")
    if choices is None:
        return ""
    entries = [each.get(VALUE, "") for each in children(choices, "w:listEntry")]
    chosen = first(choices, "w:result")
    chosen = first(choices, "w:default") if chosen is None else chosen
    place = whole(chosen.get(VALUE)) if chosen is not None else 0
    return entries[place] if 0 <= place < len(entries) else ""
