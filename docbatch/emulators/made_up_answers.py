"""Answers made up from a document's text, where a service would have understood it: the same text, the same answer."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from docbatch.emulators.reading import Page

_LINE = re.compile(r"^[\s|*#>-]*([^\W\d_][^:|\n]{0,40}?)\s*[:|]\s*(\S[^|\n]{0,200})", re.MULTILINE)
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
_TRUE = frozenset({"yes", "true", "x"})


def values(pages: Sequence[Page], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a value for each property of a schema, or for each label where there is none.

    A property's value is what follows its name and a colon in the text; None where nothing does.
    """
    found: dict[str, str] = {}
    for page in pages:
        for label, value in _LINE.findall(page.text):
            found.setdefault(_plain(label), value.strip())
    wanted = schema.get("properties")
    if not isinstance(wanted, Mapping) or not wanted:
        return dict(found)
    return {name: _typed(found.get(_plain(name)), each) for name, each in wanted.items()}


def chosen(pages: Sequence[Page], classes: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the first class whose type the text names, else the first of all."""
    text = _plain(" ".join(page.text for page in pages))
    return next((each for each in classes if _plain(str(each.get("type"))) in text), classes[0])


def _plain(name: str) -> str:
    return " ".join(re.findall(r"\w+", name.casefold().replace("_", " ")))


def _typed(value: str | None, wanted: object) -> Any:
    kinds = wanted.get("type") if isinstance(wanted, Mapping) else None
    kind = next((each for each in kinds if each != "null"), None) if isinstance(kinds, list) else kinds
    if value is None:
        return None
    number = _NUMBER.search(value)
    match kind:
        case "number" | "integer":
            parsed = None if number is None else float(number[0].replace(",", ""))
            return int(parsed) if parsed is not None and kind == "integer" else parsed
        case "boolean":
            return value.casefold() in _TRUE
        case "array":
            return [value]
        case "object":
            return None
    return value
