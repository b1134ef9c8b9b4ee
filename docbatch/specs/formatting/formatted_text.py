"""A spec's text in the one layout, and the proof that it says what it said."""

from collections.abc import Iterator
from typing import Any

import yaml

from docbatch.core.errors import DocbatchError
from docbatch.specs.formatting.layout import laid_out
from docbatch.specs.formatting.pieces import BLOCK_HEADER, OddText, pieces
from docbatch.specs.yaml import parse

BOM = "\ufeff"
_SAID = ("anchor", "tag", "implicit", "value", "style", "flow_style", "explicit", "version", "tags")
"""What an event of the parser says, but for where it stood."""


class LayoutRefused(DocbatchError):
    """A text cannot be laid out without a doubt about what it says then: it is left as it is."""


def formatted(text: str, shown: str) -> str:
    """Return a spec's text in the one layout, its lines ended as the first one is, without a byte order mark.

    It says the same, to the letter: every value, quotation mark and comment is where it was among the others. Raises
    SpecError for what `validate` would refuse as YAML, LayoutRefused where the text has to stay as it is.
    """
    ending = "\r\n" if text.partition("\n")[0].endswith("\r") else "\n"
    text = text.removeprefix(BOM).replace("\r\n", "\n")
    parse(text, shown)
    try:
        result = laid_out(text)
        is_same = list(_said(result)) == list(_said(text)) and _comments(result) == _comments(text)
    except (OddText, yaml.YAMLError) as error:
        raise _refused(shown, str(error).partition("\n")[0]) from None
    if not is_same:
        raise _refused(shown, "its layout cannot be changed without changing what it says")
    return result.replace("\n", ending)


def _refused(shown: str, why: str) -> LayoutRefused:
    return LayoutRefused(
        f"{shown}: left as it is: {why}", hint="the file is a spec as before; nothing was changed"
    )


def _said(text: str) -> Iterator[tuple[object, ...]]:
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        yield type(event), *(_plain(getattr(event, name, None)) for name in _SAID)


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _comments(text: str) -> list[str]:
    found = []
    for piece in pieces(text):
        found += [comment.text for comment in piece.comments]
        if piece.is_block and (header := BLOCK_HEADER.match(piece.text)) and header[2]:
            found.append(header[2].rstrip(" \t"))
    return found
