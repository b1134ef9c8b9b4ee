"""Markdown as blocks: what each says, without the marks of its form."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from docbatch.providers.local import blocks
from docbatch.providers.local.engines import Json

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))??(?:[ \t]+#+)?[ \t]*$")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_RULE = re.compile(r" {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$")
_ITEM = re.compile(r"([ \t]*)([-*+]|\d{1,9}[.)])(?:[ \t]+(.*)|$)")
_QUOTE = re.compile(r"^ {0,3}(?:>[ \t]?)+")
_DELIMITER = re.compile(r"[ \t|:-]*-[ \t|:-]*$")
_BAR = re.compile(r"(?<!\\)\|")
_MARKS = (
    (re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*(?:[ \t]+\"[^\"]*\")?\)"), r"\1"),
    (re.compile(r"<((?:https?://|mailto:)[^<>\s]+)>"), r"\1"),
    (re.compile(r"\*\*([^*\n]+)\*\*"), r"\1"),
    (re.compile(r"(?<!\w)__([^_\n]+)__(?!\w)"), r"\1"),
    (re.compile(r"(?<![\w*])\*([^*\s](?:[^*\n]*[^*\s])?)\*(?!\w)"), r"\1"),
    (re.compile(r"(?<!\w)_([^_\s](?:[^_\n]*[^_\s])?)_(?!\w)"), r"\1"),
    (re.compile(r"~~([^~\n]+)~~"), r"\1"),
)
_LINE_BREAK = re.compile(r"<br[ ]?/?>", re.IGNORECASE)
_TAG = re.compile(r"</?([A-Za-z][\w-]*)(?:[ \t\n][^<>]*)?/?>")
# Tags that part no words.
_IN_WORDS = frozenset(
    [
        "a",
        "abbr",
        "b",
        "code",
        "del",
        "em",
        "font",
        "i",
        "ins",
        "kbd",
        "mark",
        "s",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "u",
    ]
)
_CODE = re.compile(r"(?<!`)(`{1,2})(?!`)([^`\n]+)\1(?!`)")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_DEEPEST_ITEM = 8


def written(text: str) -> list[Json]:
    """Return the blocks of a text in Markdown, in their order; remarks that nobody sees are left out."""
    reader = _Reader(_without_remarks(text).split("\n"))
    return [block for block in reader.read() if block["text"].strip()]


def _without_remarks(text: str) -> str:
    kept, place = [], 0
    while (start := text.find("<!--", place)) >= 0 and (stop := text.find("-->", start)) >= 0:
        kept.append(text[place:start])
        place = stop + 3
    return "".join((*kept, text[place:]))


@dataclass(slots=True)
class _Reader:
    lines: list[str]
    _at: int = 0
    _open: list[str] = field(default_factory=list)
    """Lines of the paragraph or item that is being read."""
    _item: str | None = None
    """The marker, with its indent, of the item that is being read."""

    def read(self) -> Iterator[Json]:
        yield from self._front()
        while self._at < len(self.lines):
            yield from self._next()
        yield from self._close()

    def _front(self) -> Iterator[Json]:
        """Yield what stands before the text between two rules: facts about the document."""
        if self.lines[0].rstrip() == "---":
            end = next(
                (at for at, line in enumerate(self.lines[1:], 1) if line.rstrip() in {"---", "..."}), 0
            )
            if end and all(":" in line or line[:1] in {"", " ", "-", "#"} for line in self.lines[1:end]):
                yield {"kind": "code", "text": "\n".join(self.lines[1:end])}
                self._at = end + 1

    def _next(self) -> Iterator[Json]:
        line = self.lines[self._at]
        self._at += 1
        fence = _FENCE.match(line)
        if fence:
            yield from self._close()
            yield {"kind": "code", "text": "\n".join(self._fenced(fence[1]))}
        elif not line.strip():
            yield from self._close()
        elif self._open and self._item is None and (mark := _UNDERLINE.match(line)):
            text, self._open = " ".join(self._open), []
            yield blocks.heading(_plain(text), 1 if mark[1][0] == "=" else 2)
        elif _RULE.match(line):
            yield from self._close()
        else:
            yield from self._words(line)

    def _words(self, line: str) -> Iterator[Json]:
        heading, item = _HEADING.match(line), _ITEM.match(line)
        if heading:
            yield from self._close()
            yield blocks.heading(_plain(heading[2] or ""), len(heading[1]))
        elif self._begins_table(line):
            yield from self._close()
            yield blocks.table(list(self._rows(line)))
        elif item:
            yield from self._close()
            depth = min(len(item[1].expandtabs(4)) // 2, _DEEPEST_ITEM)
            self._item, self._open = "  " * depth + item[2], [item[3] or ""]
        elif not self._open and line.startswith(("    ", "\t")):
            yield {"kind": "code", "text": line.expandtabs(4)[4:].rstrip()}
        else:
            self._open.append(_QUOTE.sub("", line).strip().removesuffix("\\"))

    def _close(self) -> Iterator[Json]:
        lines, self._open = self._open, []
        marker, self._item = self._item, None
        text = _plain("\n".join(lines)).strip()
        if marker is not None:
            yield {"kind": "list", "text": f"{marker} {text}"}
        elif text:
            yield blocks.paragraph(text)

    def _fenced(self, fence: str) -> Iterator[str]:
        while self._at < len(self.lines):
            line = self.lines[self._at]
            self._at += 1
            if line.strip().startswith(fence) and not line.strip().strip(fence[0]):
                return
            yield line

    def _begins_table(self, line: str) -> bool:
        following = self.lines[self._at] if self._at < len(self.lines) else ""
        return "|" in line and "|" in following and _DELIMITER.match(following.strip()) is not None

    def _rows(self, head: str) -> Iterator[list[str]]:
        yield _cells(head)
        self._at += 1
        while self._at < len(self.lines) and "|" in self.lines[self._at]:
            yield _cells(self.lines[self._at])
            self._at += 1


def _cells(line: str) -> list[str]:
    parts = _BAR.split(line.strip())
    parts = parts[1:] if not parts[0].strip() else parts
    parts = parts[:-1] if len(parts) > 1 and not parts[-1].strip() else parts
    return [_plain(part.strip().replace("\\|", "|")) for part in parts]


def _plain(text: str) -> str:
    """Return what words with marks say; what stands in code is left as it is."""
    shown, place = [], 0
    for code in _CODE.finditer(text):
        shown += [_unmarked(text[place : code.start()]), code[2]]
        place = code.end()
    return "".join((*shown, _unmarked(text[place:])))


def _unmarked(text: str) -> str:
    for mark, shown in _MARKS:
        text = mark.sub(shown, text)
    text = _TAG.sub(lambda tag: "" if tag[1].lower() in _IN_WORDS else " ", _LINE_BREAK.sub("\n", text))
    return html.unescape(_ESCAPED.sub(r"\1", text))
