"""The words of a paragraph, written at once as plain text and as Markdown."""

import re
from dataclasses import dataclass, replace
from itertools import groupby

from docbatch.providers.local.flow.raised import raised

# Spaces that end a line, or follow one another, are layout that Markdown has no place for.
_AROUND = re.compile(r"^(\s*)(.*?)(\s*)$", re.DOTALL)
_UNSAFE_IN_LINKS = re.compile(r"[\s()<>]")
# What looks like a tag would not be seen.
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_TOUCHES = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Look:
    """How words look; `link` is an address they lead to."""

    bold: bool = False
    italic: bool = False
    struck: bool = False
    link: str = ""
    is_raised: bool = False

    def marks(self) -> str:
        return "**" * self.bold + "*" * self.italic + "~~" * self.struck


PLAIN = Look()


class Prose:
    """Words as they are read. What stands otherwise in Markdown than in text, such as a note's mark, is given twice."""

    def __init__(self, text: str = "") -> None:
        self._parts: list[tuple[str, str | None, Look]] = []
        self.add(text)

    def __bool__(self) -> bool:
        return any(text and not text.isspace() for text, _, _ in self._parts)

    def add(self, text: str, look: Look = PLAIN, marked: str | None = None) -> None:
        if look.is_raised:
            text, look = raised(text), replace(look, is_raised=False)
        if text or marked:
            self._parts.append((text, marked, look))

    def put_first(self, text: str) -> None:
        self._parts.insert(0, (text, None, PLAIN))

    def extend(self, other: "Prose") -> None:
        self._parts += other._parts  # noqa: SLF001 - of the same kind

    def text(self) -> str:
        return _trimmed("".join(text for text, _, _ in self._parts))

    def markdown(self) -> str:
        groups = [(look, list(parts)) for look, parts in groupby(self._parts, key=lambda part: part[2])]
        texts = [
            (look, "".join(_TAG.sub(r"\\<", text) if marked is None else marked for text, marked, _ in parts))
            for look, parts in groups
        ]
        written = []
        for at, (look, text) in enumerate(texts):
            before = texts[at - 1][1][-1:] if at else ""
            after = texts[at + 1][1][:1] if at + 1 < len(texts) else ""
            written.append(_dressed(text, look, before, after))
        return _trimmed("".join(written))


def _dressed(text: str, look: Look, before: str, after: str) -> str:
    if look == PLAIN or not text.strip() or "\n" in text.strip():
        return text
    found = _AROUND.match(text)
    assert found is not None, "every text has a middle"
    left, middle, right = found.groups()
    marks = look.marks()
    # Marks inside a word would break it in two for whoever searches it.
    if (not left and _TOUCHES.match(before)) or (not right and _TOUCHES.match(after)) or marks[:1] in middle:
        marks = ""
    middle = f"{marks}{middle}{marks[::-1]}"
    if look.link and look.link != middle:
        middle = f"[{middle}]({_UNSAFE_IN_LINKS.sub(_percent, look.link)})"
    return f"{left}{middle}{right}"


def _percent(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "replace"))


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip("\n").split("\n")).strip()
