"""What validation found, in the words of the people who write specs.

Values below `providers`, `stores` and `state` are never shown: one of them may be a key that was written where a reference belongs.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from docbatch import fields
from docbatch.core.errors import Problem
from docbatch.naming.closest import closest, listed
from docbatch.sinks import KINDS
from docbatch.specs import base_url, job, project
from docbatch.specs.nodes import Mark, Node, Path, show_path
from docbatch.specs.places import ErrorPlace, find, submodels
from docbatch.specs.places import fields as fields_of

Told = tuple[str, str | None]

MOST_SHOWN = 200
MOST_COUNTED = 10_000
"""Once there are more problems, no further job is read."""

_BOOLEANS: Mapping[str, str] = {
    **dict.fromkeys(("yes", "on", "y", "1", "true"), "true"),
    **dict.fromkeys(("no", "off", "n", "0", "false"), "false"),
}
_ONE_SOURCE = "a source has one of include, urls, urls_from, file_ids, texts; write a job for each"
_SECRETS = {
    "api_key": "key",
    "webhook_secret": "secret",
    "dsn": "DSN",
    "passwords": "password",
    "webhook": "URL",
    **dict.fromkeys(("access_key", "secret_key", "service_account_key", "account_key"), "key"),
    "session_token": "token",
    "sas": "signature",
}
_KEY_OF_THE_STATE = ("state", "encryption", "key")
_NEEDED = {
    "apiVersion": "begin the spec with apiVersion: docbatch/v1",
    "project": "add project: {id: …}; docbatch init in an empty folder writes a new id",
}
_SHAPES: Mapping[str, Told] = {
    fields.DURATION: ("a duration is a number and a unit", "such as 90s, 30m, 6h or 2d"),
    fields.NAME: ("a name has small letters, digits, - and _, and begins with a letter or digit", None),
    fields.WORD: ("a name here has letters, digits and _, and begins with no digit", None),
    fields.FILE_ID: ("an id has letters, digits and any of _ . -, and begins with a letter or digit", None),
    fields.LABEL: (
        "a label's name has letters, digits and any of _ . / -, and begins with a letter or digit",
        None,
    ),
    project.PROJECT_ID: (
        "a project id has 12 to 32 small letters and digits, and begins with a letter",
        None,
    ),
    fields.DATE: ("a date is a year, a month or a day", 'such as "2026", 2026-11 or 2026-11-28'),
    fields.PRICED_ITEM: ("an item has small letters, digits and _, and begins with a letter", None),
    base_url.BASE_URL: ("this is not a URL", "write as in https://api.example.com"),
}


def translate(
    error: ValidationError, model: type[BaseModel], node: Node, file: str, above: Path = ()
) -> list[Problem]:
    """Turn a validation error into problems, one for each place, in `file` where that does not say. `above` is the path of `node` inside the spec.

    Those that are too many to be shown say where they are alone: what to write instead takes long to find out.
    """
    problems: dict[tuple[Path, tuple[Any, ...]], tuple[Any, ErrorPlace]] = {}
    for found in error.errors(include_url=False, include_input=False):
        place = find(found["loc"], model, node)
        problems.setdefault((place.path, place.rest), (found, place))
    ordered = sorted(problems.values(), key=_line_and_column)
    worded = [_problem(*each, file, above) for each in ordered[:MOST_SHOWN]]
    rest = [_at(place.node.mark, file, (), (found["type"], None)) for found, place in ordered[MOST_SHOWN:]]
    return sorted(worded, key=position) + rest


def position(problem: Problem) -> tuple[str, int, int]:
    """Return what the problems of one job are sorted by: of what it takes from fragments each file is told apart."""
    return problem.file if problem.job else "", problem.line or 0, problem.column or 0


def _line_and_column(found: tuple[Any, ErrorPlace]) -> tuple[str, int, int]:
    mark = found[1].node.mark
    return mark.file, mark.line, mark.column


def cut(problems: Sequence[Problem], *, is_all: bool = True) -> Sequence[Problem]:
    """Return those of the problems that are shown, and how many are not; `is_all` says that nothing was left unread."""
    if len(problems) <= MOST_SHOWN:
        return problems
    last = problems[MOST_SHOWN]
    more = f"and {'' if is_all else 'more than '}{len(problems) - MOST_SHOWN:,} more problems, not shown"
    return [*problems[:MOST_SHOWN], Problem(last.file, None, None, "", more)]


def near(word: str, known: Iterable[str], otherwise: str) -> str:
    """Return the hint for a misspelt word."""
    names = list(known)
    return _close(word, names) or f"{otherwise} {listed(names)}"


def _close(word: str, names: Sequence[str]) -> str | None:
    close = closest(word.lower(), names)
    return f"did you mean {close}?" if close else None


def _problem(found: Any, place: ErrorPlace, file: str, above: Path) -> Problem:
    path = above + place.path
    secret = _secret(path)
    if secret is not None and found["type"] != "missing":
        above, noun = secret
        return _at(place.node.mark, file, above, _secret_told(found, noun))
    if found["loc"][-1:] == ("[key]",):
        return _at(place.key, file, path, _WORDING.get(found["type"], _verbatim)(found, place))
    told = _WORDING.get(found["type"], _verbatim)(found, place)
    if path[:1] in {("providers",), ("stores",), ("state",)}:
        told = (told[0], told[1] if found["type"] in _SAFE_HINTS else None)
    if found["type"].startswith("union_tag") and path[:1] == ("stores",):
        return _at(place.node.mark, file, path, _store_type_told(place))
    if found["type"] == "union_tag_invalid" and (tag := place.node.child("type")):
        return _at(tag.mark, file, (*path, "type"), told)
    mark = place.key if found["type"] == "extra_forbidden" else place.node.mark
    return _at(mark, file, path, told)


def _secret(path: Path) -> tuple[Path, str] | None:
    """Return the part of a path that leads to a secret, and what that is."""
    if path[:3] == _KEY_OF_THE_STATE:
        return path[:3], "key"
    name = next((name for name in _SECRETS if name in path), None)
    return None if name is None else (path[: path.index(name) + 1], _SECRETS[name])


def _at(mark: Mark, file: str, path: Path, told: Told) -> Problem:
    return Problem(mark.file or file, mark.line, mark.column, show_path(path), *told)


def _secret_told(found: Any, noun: str) -> Told:
    if noun == _SECRETS["passwords"]:
        hint = "write {file: PATH} or {command: [PROGRAM, …]}, which give one password a line"
        never = found["type"] == "key_reference"
        told = "are never written into a spec" if never else "are not referred to in a way that is understood"
        return f"passwords {told}", hint
    hint = f"write {{env: NAME}}, {{file: PATH}} or {{command: [PROGRAM, …]}}; never the {noun} itself"
    if found["type"] == "key_reference":
        return f"a {noun} is never written into a file", hint
    if found["type"] in {"too_short", "too_long"}:
        return f"one to four references to a {noun} are needed", hint
    return f"this reference to a {noun} is not understood", hint


def _missing(_: Any, place: ErrorPlace) -> Told:
    name = str(place.rest[0])
    field = fields_of(place.model)[name] if place.model else None
    return f"{name} is missing", _NEEDED.get(name) or (field.description if field else None)


def _unknown(_: Any, place: ErrorPlace) -> Told:
    key = str(place.path[-1])
    known = fields_of(place.model) if place.model else {}
    if place.model in job.source_models() and any(key in fields_of(other) for other in job.source_models()):
        return _two_kinds(key, next(name for name, field in known.items() if field.is_required()), place)
    message = f"the key {key} is not known"
    if close := _close(key, tuple(known)):
        return message, close
    for name, field in known.items():
        if any(key in fields_of(inner) for inner in submodels(field)):
            return f"the key {key} is not known here", f"it belongs under {name}:"
    return message, f"known here are {', '.join(known)}"


def _two_kinds(key: str, other: str, place: ErrorPlace) -> Told:
    """Say that a source is of two kinds; where two files make it so, how one is taken away."""
    ours, theirs = place.key, place.parent.keys.get(other)
    if theirs is None or theirs.file == ours.file:
        return f"the key {key} cannot stand beside {other}", _ONE_SOURCE
    told = f"the key {key} cannot stand beside {other}, which {theirs.file}:{theirs.line} says"
    return (
        told,
        f"take away the one that is not meant, in the file that extends the other: {key}: null, or {other}: null",
    )


def _choice(found: Any, place: ErrorPlace) -> Told:
    known = re.findall(r"'([^']*)'", found["ctx"].get("expected") or found["ctx"].get("expected_tags", ""))
    if "expected_tags" in found["ctx"] and set(known) >= set(KINDS.names()):
        known = list(KINDS.installed())
    node = place.node.child("type") if "expected_tags" in found["ctx"] else place.node
    text = node.text if node else ""
    if len(known) == 1:
        return f"this must be {known[0]}", None
    return f"this must be one of {', '.join(known)}", _close(text, known)


def _untagged(*_: object) -> Told:
    return "type is missing", _sink_hint()


def _store_type_told(place: ErrorPlace) -> Told:
    tag = place.node.child("type")
    hint = "write type: s3, gcs, azure or folder"
    return ("type is missing", hint) if tag is None else ("this is no type of store", hint)


def _sink_hint() -> str:
    *names, last = KINDS.installed()
    return f"write type: {', '.join(names)} or {last}"


def _not_text(_: Any, place: ErrorPlace) -> Told:
    if place.node.content is None:
        return "the value is missing", "write one, or remove the key"
    if place.path[-1:] in {("timeout",), ("deadline",)}:
        return "a duration is a number and a unit", _suggestion(fields.DURATION, place)
    scalar = not isinstance(place.node.content, tuple | dict)
    return (
        f"text is needed, and this is {place.node.kind}",
        f'put it in quotes: "{place.node.text}"' if scalar else None,
    )


def _not_boolean(_: Any, place: ErrorPlace) -> Told:
    meant = _BOOLEANS.get(place.node.text.lower())
    return f"true or false is needed, and this is {place.node.kind}", f"write {meant}" if meant else None


def _not_number(found: Any, place: ErrorPlace) -> Told:
    whole = "a whole number" if found["type"].startswith("int") else "a number"
    digits = place.node.text.replace("_", "")
    hint = f"write {int(digits)}, without quotes" if re.fullmatch(r"[0-9]{1,9}", digits) else None
    this = place.node.text if isinstance(place.node.content, int | float) else place.node.kind
    return f"{whole} is needed, and this is {this}", hint


def _not_list(_: Any, place: ErrorPlace) -> Told:
    hint = 'begin each entry with "- "' if isinstance(place.node.content, dict) else None
    return f"a list is needed, and this is {place.node.kind}", hint


def _not_mapping(_: Any, place: ErrorPlace) -> Told:
    names = ", ".join(f"{name}:" for name in fields_of(place.model)) if place.model else ""
    if place.path[-1:] == ("columns",):
        hint: str | None = 'write each as NAME: "{{ row.text }}"'
    else:
        hint = f"it has the keys {names}" if names else _sink_hint() if "sink" in place.path else None
    if place.node.content is None:
        return "the value is missing", hint or "write {}, or remove the key"
    return f"a mapping is needed, and this is {place.node.kind}", hint


def _shape(found: Any, place: ErrorPlace) -> Told:
    pattern = found["ctx"]["pattern"]
    message, hint = _SHAPES.get(
        pattern, (f"this does not fit the pattern {pattern.removesuffix(_END)}", None)
    )
    return message, _suggestion(pattern, place) or hint


def _suggestion(pattern: str, place: ErrorPlace) -> str | None:
    text = place.node.text
    if pattern == fields.DURATION and re.fullmatch(r"[1-9][0-9]{0,5}", text):
        return f"write {text}s if seconds are meant"
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    if pattern == fields.NAME and slug:
        return f"such as {slug[:64]}"
    return None


def _limit(name: str, sentence: str) -> Callable[[Any, ErrorPlace], Told]:
    def told(found: Any, _: ErrorPlace) -> Told:
        return sentence.format(f"{found['ctx'][name]:,g}"), None

    return told


def _length(found: Any, place: ErrorPlace) -> Told:
    if found["ctx"].get("min_length") == 1:
        content = place.node.content
        sort = "text" if isinstance(content, str) else "mapping" if isinstance(content, dict) else "list"
        return f"the {sort} is empty", "write at least one value"
    return _limit("min_length", "at least {} are needed")(found, place)


def _ours(found: Any, _: ErrorPlace) -> Told:
    return found["ctx"]["message"], found["ctx"]["hint"]


def _verbatim(found: Any, _: ErrorPlace) -> Told:
    return str(found["msg"]).removeprefix("Value error, "), None


def _reference(_: Any, place: ErrorPlace) -> Told:
    return (
        f"text or a reference is needed, and this is {place.node.kind}",
        "write {env: NAME}, or the text itself",
    )


_END = r"(?!\n)"
_SAFE_HINTS: Sequence[str] = (
    "bool_type",
    "missing",
    "docbatch",
    "reference",
    "extra_forbidden",
    "literal_error",
    "model_type",
)
_WORDING: Mapping[str, Callable[[Any, ErrorPlace], Told]] = {
    "missing": _missing,
    "extra_forbidden": _unknown,
    "literal_error": _choice,
    "enum": _choice,
    "union_tag_invalid": _choice,
    "union_tag_not_found": _untagged,
    "string_type": _not_text,
    "bool_type": _not_boolean,
    "int_type": _not_number,
    "int_from_float": _not_number,
    "float_type": _not_number,
    "list_type": _not_list,
    "tuple_type": _not_list,
    "dict_type": _not_mapping,
    "model_type": _not_mapping,
    "model_attributes_type": _not_mapping,
    "string_pattern_mismatch": _shape,
    "string_too_short": _length,
    "too_short": _length,
    "string_too_long": _limit("max_length", "the text is longer than {} characters"),
    "too_long": _limit("max_length", "there are more than {} entries"),
    "greater_than": _limit("gt", "this must be more than {}"),
    "greater_than_equal": _limit("ge", "this must be at least {}"),
    "less_than": _limit("lt", "this must be less than {}"),
    "less_than_equal": _limit("le", "this must be at most {}"),
    "docbatch": _ours,
    "reference": _reference,
    "value_error": _verbatim,
}
