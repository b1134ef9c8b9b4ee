"""Sinks as a person wrote them, from what is kept of them."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from docbatch.core.outside_text import whole

ROWS_SAY, MADE_BY = "\nrows ", "\nmade by "
"""What the state adds to a sink's identity as it is declared: what else its rows say, and the versions that made it."""


class DeclaredIdentities(frozenset[str]):
    """Identities as specs declare them: one of the state is among them where it is one of these with what the state adds."""

    def __contains__(self, identity: object) -> bool:
        declared = str(identity).partition(MADE_BY)[0].partition(ROWS_SAY)[0]
        return super().__contains__(declared)


def kind_of_sink(identity: str) -> str:
    return identity.partition("\n")[0]


def shown_sink(identity: str, project: str) -> str:
    """Return a sink's template below the project's folder, and its options, from its identity.

    What has another shape is shown as it is, on one line.
    """
    _, *rest = identity.split("\n")
    try:
        place, options = (_place(rest[0], rest[1], project), rest[2:]) if len(rest) > 1 else ("", rest)
    except (ValueError, TypeError, IndexError, KeyError):
        place, options = "", rest
    told = [_option(each) for each in options if each not in ("", "{}")]
    return whole(" ".join(filter(None, (place, f"({', '.join(told)})" if told else ""))) or "no options")


def _place(root: str, template: str, project: str) -> str:
    parts = "".join(_part(part) for part in json.loads(template))
    whole_path = f"{root}/{parts}"
    return whole_path.removeprefix(f"{project}/")


def _option(written: str) -> str:
    """Return an option as it is, rows and their columns in the words of a spec."""
    try:
        rows, columns, chunks = json.loads(written)
        told = [f"rows: {_word(rows)}"]
        if columns is not None:
            shown = (f"{name} = {_column(*each)}" for name, each in columns.items())
            told.append(f"columns {', '.join(shown)}")
        if chunks is not None:
            told.append(f"chunks {json.dumps(chunks, ensure_ascii=False)}")
    except (ValueError, TypeError, AttributeError, IndexError):
        return written
    return "; ".join(told)


def _word(written: object) -> str:
    if not isinstance(written, str):
        raise TypeError
    return written


def _column(kind: str, template: str) -> str:
    value = "".join(map(_part, json.loads(template)))
    return value if kind == "text" else f"{value} ({_word(kind)})"


def _part(part: str | list[Any]) -> str:
    if isinstance(part, str):
        return part
    path, filters = part
    return "{{ " + " | ".join((".".join(path), *map(_filter, filters))) + " }}"


def _filter(part: Sequence[object]) -> str:
    name, arguments = part
    return f"{name}{_arguments(arguments)}"


def _arguments(arguments: object) -> str:
    given = list(_texts(arguments))
    return f"({', '.join(given)})" if given else ""


def _texts(arguments: object) -> Iterator[str]:
    if isinstance(arguments, list):
        yield from (json.dumps(each, ensure_ascii=False) for each in arguments)
