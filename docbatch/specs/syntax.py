"""What the YAML parser says, in words that help."""

import re
from collections.abc import Sequence
from typing import Any

import yaml

from docbatch.core.errors import Problem

MAX_DEPTH = 64
NESTED = (f"values are nested more than {MAX_DEPTH} deep", "a spec needs a few levels")

_LONGEST_LINE = 1000
"""So much of a line is searched for what people write by mistake."""
_GAVE_UP = "exceeded maximum nesting"

# Of these the beginning is shown, not the place where the parser gave up.
_AT_THE_START = ("never closed", "cannot begin with", "neither `key: value`")
_QUOTE_BRACES = "put a value that begins with {{ in quotes"

# The parser's sentence → ours, and a hint. The first match counts; `line` is what stands where parsing stopped.
_SENTENCES: Sequence[tuple[str, str, str, str | None]] = (
    (_GAVE_UP, r"", *NESTED),
    (
        r"scanning an alias",
        r"",
        "a plain value cannot begin with *",
        "put a pattern that begins with * in quotes, such as '*.pdf'",
    ),
    (r"scanning an anchor", r"", "a plain value cannot begin with &", "put it in quotes"),
    (r"(scanning|parsing) a tag", r"", "a plain value cannot begin with !", "put it in quotes"),
    (r"cannot start any token", r"^\s*\t", "tabs cannot indent YAML", "use spaces"),
    (r"cannot start any token", r"\t", "a tab stands where a value is expected", "use spaces"),
    (r"cannot start any token", r"", "a plain value cannot begin with @, %, or `", "put it in quotes"),
    (
        r"mapping values are not allowed",
        r"",
        "a second colon in one line, or a line that is indented too far",
        'put a value that contains ": " in quotes, and give keys of one mapping the same indentation',
    ),
    (
        r"entries are not allowed",
        r"",
        "a list entry stands where none can be",
        'begin each "- " on a line of its own',
    ),
    (
        r"quoted scalar.*end of stream",
        r"",
        "a quotation mark is opened and never closed",
        "add the closing one",
    ),
    (
        r"(quoted|double-quoted) scalar",
        r"",
        "an escape after \\ is not known",
        "use single quotes, where \\ is an ordinary character",
    ),
    (r"", r":\s+[^\"'#]*\{\{.*\}\}", "text follows a value that is already complete", _QUOTE_BRACES),
    (
        r"flow (node|sequence|mapping)",
        r"",
        "a bracket [ or { is opened and never closed, or closed by something else",
        "close it, or put the value in quotes",
    ),
    (
        r"expected '-' indicator|block collection",
        r"",
        'a list goes on without "- "',
        "give all entries the same indentation, and put no keys between them",
    ),
    (
        r"block mapping",
        r"",
        "a mapping goes on with something that is no key",
        "write `key: value`, and give keys of one mapping the same indentation",
    ),
    (
        r"simple key",
        r"",
        "this line is neither `key: value` nor an entry of a list",
        'write a colon and a space after a key, and "- " before an entry',
    ),
    (r"incompatible YAML", r"", "this version of YAML is not known", "remove the %YAML line"),
)


def describe(error: yaml.YAMLError, text: str, file: str) -> Problem:
    """Turn a parser's error into a problem with a position and a hint."""
    if isinstance(error, yaml.reader.ReaderError):
        return _unreadable(error, text, file)
    raw: Any = error
    mark = raw.problem_mark or raw.context_mark
    said = " ".join(part for part in (raw.context, raw.problem) if part)
    message, hint = _translate(said, _line(text, mark.line))
    if raw.context_mark and any(word in message for word in _AT_THE_START):
        mark = raw.context_mark
    return Problem(file, mark.line + 1, mark.column + 1, "", message, hint)


def gave_up_on_nesting(error: yaml.YAMLError) -> bool:
    """Say whether the parser refused by a limit of its own on how deep values may be nested."""
    return _GAVE_UP in str(error)


def _translate(said: str, line: str) -> tuple[str, str | None]:
    for sentence, stands, message, hint in _SENTENCES:
        if re.search(sentence, said) and re.search(stands, line):
            return message, hint
    return f"this is not YAML: {said}", None


def _line(text: str, number: int) -> str:
    lines = text.splitlines()
    return lines[number][:_LONGEST_LINE] if number < len(lines) else ""


def _unreadable(error: Any, text: str, file: str) -> Problem:
    # The parser counts bytes or characters, whichever it was built for; the character itself is certain.
    before = text[: text.index(chr(error.character))]
    line = before.count("\n") + 1
    column = len(before) - before.rfind("\n")
    message = f"the character U+{error.character:04X} cannot stand in YAML"
    return Problem(file, line, column, "", message, "remove it")
