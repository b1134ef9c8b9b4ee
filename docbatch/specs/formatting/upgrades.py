"""Bringing specs to the newest version of their format: nothing but keys and the version itself is written anew."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

import yaml

from docbatch.core.errors import Problem, SpecError
from docbatch.fields import ApiVersion
from docbatch.specs.nodes import Mark, Node
from docbatch.specs.yaml import parse

KEY = "apiVersion"
NEWEST: str = get_args(ApiVersion)[-1]


@dataclass(frozen=True, slots=True)
class UpgradeStep:
    """What makes a spec of one version one of the next. `renamed` says of keys, by their path, what they are called then."""

    before: str
    after: str
    renamed: Mapping[tuple[str, ...], str] = field(default_factory=dict)


STEPS: Sequence[UpgradeStep] = ()
"""In order; each begins where the one before it ends. There is one version of the format so far."""


def upgraded(text: str, shown: str, steps: Sequence[UpgradeStep] = STEPS, newest: str = NEWEST) -> str:
    """Return the text of a file with all its documents in the newest version, everything else as it was.

    A document that says no version is left: it is a part of others. Raises SpecError for a version that is not known.
    """
    for step in steps:
        text = _taken(step, text, shown)
    problems = [
        Problem(
            shown,
            version.mark.line,
            version.mark.column,
            KEY,
            f"the version {version.text or 'of nothing'} is not known",
            f"the newest is {newest}; a newer docbatch may know others",
        )
        for version in _versions(text, shown)
        if version.text != newest
    ]
    if problems:
        raise SpecError(problems)
    return text


def versions(text: str, shown: str) -> tuple[str, ...]:
    """Return the versions that the documents of a file say, each once."""
    return tuple(dict.fromkeys(version.text for version in _versions(text, shown)))


def _versions(text: str, shown: str) -> Iterator[Node]:
    for document in parse(text, shown):
        version = document.child(KEY)
        if version is not None:
            yield version


def _taken(step: UpgradeStep, text: str, shown: str) -> str:
    tokens = yaml.scan(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    scalars = [token for token in tokens if isinstance(token, yaml.ScalarToken)]
    edits: list[tuple[Any, str]] = []
    for document in parse(text, shown):
        version = document.child(KEY)
        if version is None or version.text != step.before:
            continue
        edits.append((_at(scalars, version.mark), step.after))
        for path, name in step.renamed.items():
            edits += [(_at(scalars, key), name) for key in _keys(document, path)]
    for token, words in sorted(edits, key=lambda edit: edit[0].start_mark.index, reverse=True):
        quote = token.style or ""
        end = token.end_mark.index
        text = f"{text[: token.start_mark.index]}{quote}{words}{quote}{text[end:]}"
    return text


def _keys(node: Node, path: Sequence[str]) -> Iterator[Mark]:
    """Yield where a key stands, in each entry of a list that is on its way."""
    if isinstance(node.content, tuple):
        for each in node.content:
            yield from _keys(each, path)
    elif len(path) == 1:
        yield from (mark for key, mark in node.keys.items() if key == path[0])
    elif (child := node.child(path[0])) is not None:
        yield from _keys(child, path[1:])


def _at(scalars: Sequence[Any], mark: Mark) -> Any:
    """Return the text that begins at a place, or behind the name of an anchor there."""
    place = mark.line - 1, mark.column - 1
    return next(token for token in scalars if (token.start_mark.line, token.start_mark.column) >= place)
