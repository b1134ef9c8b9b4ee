"""From the JSON Schema of whole jobs to that of parts: nothing is missed, null takes away, and a matrix may fill in a value of any type."""

from typing import Any

from docbatch.fields import Schema

_NAME = "Unsaid"
"""The definition of what a part has in place of a value: it takes one away, or a matrix fills it in."""
_NULL: Schema = {"type": "null"}
_OTHER: Schema = {"anyOf": [_NULL, {"type": "string", "pattern": r"\{\{-?\s*matrix\b"}]}
_DROPPED = frozenset({"required", "dependentRequired", "minProperties", "discriminator"})
_CONDITIONS = frozenset({"if", "not"})
"""They hold or do not: what is required there is what tells."""
_VALUES = frozenset({"items", "additionalProperties"})
_NAMED_VALUES = frozenset({"properties", "patternProperties"})
_NAMED = frozenset({"$defs", "dependentSchemas"})
_ABOUT = ("description", "default")


def part_of(whole: Schema, place: str, wholes: str | None = None) -> Schema:
    """Return the schema of parts of what another describes; its definitions are to be found at `place`, such as `#/$defs/`.

    Where the definitions of the whole are in the same document, at `wholes`, a value that both have is written once, there.
    """
    part: Schema = _loosened(whole, place)
    part["$defs"][_NAME] = _OTHER
    if wholes is not None:
        _share_values(part, whole, place, wholes)
    _let_take_away(part["$defs"], [each["$ref"].rpartition("/")[2] for each in _members(whole, "source")])
    return part


def _share_values(part: Schema, whole: Schema, place: str, wholes: str) -> None:
    for name, definition in whole["$defs"].items():
        for key, value in definition.get("properties", {}).items():
            _, rest = _apart(value)
            there = {"$ref": f"{wholes}{name}/properties/{key}"}
            if _loosened(rest, place) == rest and len(str(rest)) > len(str(there)):
                part["$defs"][name]["properties"][key]["anyOf"] = [there, {"$ref": place + _NAME}]


def _members(whole: Schema, name: str) -> list[Schema]:
    field = whole["properties"][name]
    found: list[Schema] = field.get("oneOf") or field.get("anyOf") or [field]
    return [each for each in found if "$ref" in each]


def _let_take_away(definitions: Schema, names: list[str]) -> None:
    """Let what is of one of several kinds take away what others of them have: it may be merged with one of those."""
    keys = {key for name in names for key in definitions[name]["properties"]}
    for name in names:
        for key in sorted(keys.difference(definitions[name]["properties"])):
            definitions[name]["properties"][key] = {"type": "null"}


def _loosened(schema: Any, place: str) -> Any:
    if isinstance(schema, list):
        return [_loosened(each, place) for each in schema]
    if not isinstance(schema, dict):
        return schema
    # Of parts it need not be clear which of several they are of.
    return {
        "anyOf" if word == "oneOf" else word: _word(word, value, place)
        for word, value in schema.items()
        if word not in _DROPPED
    }


def _word(word: str, value: Any, place: str) -> Any:
    if word == "$ref":
        return place + value.rpartition("/")[2]
    if word in _VALUES:
        return _or_other(value, place)
    if word in _NAMED_VALUES:
        return {name: _or_other(each, place) for name, each in value.items()}
    if word in _NAMED:
        return {name: _loosened(each, place) for name, each in value.items()}
    return _moved(value, place) if word in _CONDITIONS else _loosened(value, place)


def _or_other(schema: Any, place: str) -> Any:
    if not isinstance(schema, dict):
        return schema
    about, rest = _apart(schema)
    value = _loosened(rest, place)
    kinds = value["anyOf"] if set(value) == {"anyOf"} else [value]
    # Null is what takes away.
    return {**about, "anyOf": [*(kind for kind in kinds if kind != _NULL), {"$ref": place + _NAME}]}


def _apart(schema: Schema) -> tuple[Schema, Schema]:
    """Return what a schema tells readers, and what it asks of values."""
    about = {word: schema[word] for word in _ABOUT if word in schema}
    return about, {word: value for word, value in schema.items() if word not in about}


def _moved(schema: Any, place: str) -> Any:
    """Return a schema as it is, but for where its definitions are."""
    if isinstance(schema, list):
        return [_moved(each, place) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        word: place + value.rpartition("/")[2] if word == "$ref" else _moved(value, place)
        for word, value in schema.items()
    }
