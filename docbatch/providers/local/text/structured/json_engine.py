"""JSON as an outline: every name and value, numbers as they are written."""

import json
from collections.abc import Iterator

from docbatch.core.models import Failure
from docbatch.media import charsets
from docbatch.providers.local import blocks
from docbatch.providers.local.engines import Json, Options, Parsed
from docbatch.providers.local.text.html_inline import escaped

_DEEPEST = 40
_SPACE = " \t\n\r"


class _Written(str):
    """A number or a constant as it stands in the text."""

    __slots__ = ()


class _Object(list[tuple[str, object]]):
    """Names and values in their order; a name may be there twice."""


class JsonEngine:
    label = "json"

    def warm_up(self) -> None:
        """Nothing is taken before a document is read."""

    def extract(self, data: bytes, _media_type: str, options: Options, /) -> Parsed | Failure:
        decoded = charsets.decode(data, options.encoding)
        try:
            values = list(_values(decoded.text))
            found = [block for value in values for block in _outline("", value, 1)]
        except (ValueError, RecursionError) as error:
            warning = f"no JSON, read as plain text: {error}"
            return Parsed(
                None,
                decoded.text,
                blocks=[blocks.paragraph(decoded.text)],
                warnings=[*decoded.warnings, warning],
                lost=decoded.lost,
            )
        shown = [
            block if block["kind"] == "code" else block | {"text": escaped(block["text"])} for block in found
        ]
        return Parsed(
            blocks.markdown(shown), None, blocks=found, warnings=decoded.warnings, lost=decoded.lost
        )

    def close(self) -> None:
        """Nothing is held."""


def _values(text: str) -> Iterator[object]:
    """Yield the values of a text, which may hold one after another. Raises ValueError and RecursionError."""
    decoder = json.JSONDecoder(
        object_pairs_hook=_Object,
        parse_float=_Written,
        parse_int=_Written,
        parse_constant=_Written,
        strict=False,
    )
    place = _after_space(text, 0)
    while place < len(text):
        value, place = decoder.raw_decode(text, place)
        yield value
        place = _after_space(text, place)


def _after_space(text: str, place: int) -> int:
    while place < len(text) and text[place] in _SPACE:
        place += 1
    return place


def _outline(name: str, value: object, depth: int) -> Iterator[Json]:
    """Yield a value under its name: what it holds below a heading, what is one word beside it."""
    if not isinstance(value, list):
        yield blocks.paragraph(f"{name}: {_word(value)}" if name else _word(value))
        return
    if name:
        yield blocks.heading(name, depth)
        depth += 1
    if depth > _DEEPEST:
        yield {"kind": "code", "text": _flat(value)}
    elif isinstance(value, _Object):
        for key, inner in value:
            yield from _outline(key or '""', inner, depth)
    else:
        yield from _items(value, depth)


def _items(values: list[object], depth: int) -> Iterator[Json]:
    for number, value in enumerate(values, 1):
        if isinstance(value, list):
            yield from _outline(f"Item {number}", value, depth)
        else:
            yield blocks.item(_word(value))


def _word(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _flat(value: object) -> str:
    """Return what lies too deep for an outline: its words, in order."""
    said: list[str] = []
    ahead = [value]
    while ahead:
        each = ahead.pop()
        if isinstance(each, _Object):
            for key, inner in reversed(each):
                ahead += [inner, f"{key}:"]
        elif isinstance(each, list):
            ahead += reversed(each)
        else:
            said.append(_word(each))
    return " ".join(said)
