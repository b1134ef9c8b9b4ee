"""The expressions of templates: names, and filters that cannot grow a value beyond a fixed factor."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from docbatch.naming.closest import closest, listed

if TYPE_CHECKING:
    from jinja2 import nodes

MAX_FILTERS = 8
MAX_GROWTH = 16

DOC_FIELDS = ("path", "name", "stem", "suffix", "parent", "sha256", "size", "metadata")
JOB_FIELDS = ("name", "labels", "provider", "operation")
ROOTS = ("doc", "job", "vars")
MAX_DEPTH = 32
_PLACE = re.compile(r"-?[0-9]{1,9}")

# Plain names are most of what is written, and spare the start-up the template engine.
_NAME = re.compile(r"(?<!\{)\{\{\s*([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)+)\s*\}\}")

_MAPPINGS: Mapping[tuple[str, ...], str] = {
    ("job", "labels"): "name a label, as in {{ job.labels.team }}",
    ("doc", "metadata"): "name a column of the list, as in {{ doc.metadata.team }}",
}

Context = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class NameScope:
    """The names an expression may begin with. Those of `free`, each with its fields, have parts that only a value knows."""

    free: Mapping[str, Collection[str]] = field(default_factory=dict)

    @property
    def roots(self) -> tuple[str, ...]:
        return (*self.free, *ROOTS)


PATHS = NameScope()
"""What may stand in the path of an output."""


class TemplateError(ValueError):
    """A template that cannot be used; `hint` says what to write instead."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Filter:
    name: str
    arguments: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class Lookup:
    """A value named by its path, such as `doc.path`, and the filters it passes through."""

    path: tuple[str, ...]
    filters: tuple[Filter, ...] = ()

    def __str__(self) -> str:
        return ".".join(self.path)

    def found(self, context: Context) -> Any:
        """Return the value itself, before its filters; None where there is none."""
        found: Any = context
        for step in self.path:
            found = _part_of(found, step)
            if found is None:
                break
        return found

    def value(self, context: Context) -> str:
        """Raises TemplateError where there is none. The context is of plain mappings: paths of a million documents are rendered."""
        found: Any = context
        for step in self.path:
            found = found.get(step)
            if found is None:
                break
        text = None if found is None else str(found)
        if self.filters:
            text = self.filtered(text)
        if text is None:
            raise TemplateError(f"{self} is not defined", hint=_defined(self.path, context))
        return text

    @property
    def growth(self) -> int:
        """How many times as long a text may become in the filters."""
        growth = 1
        for each in self.filters:
            if each.name == "replace":
                old, new = map(str, each.arguments)
                growth *= max(1, -(-len(new) // len(old)))
        return growth

    def filtered(self, text: str | None) -> str | None:
        """Return a text as the filters leave it; only some make one of none."""
        for each in self.filters:
            text = _APPLY[each.name](text, *each.arguments)
        return text


Part = str | Lookup


def parse(text: str, scope: NameScope = PATHS) -> Iterator[Part]:
    """Yield the parts of a template. Raises TemplateError."""
    pieces = _NAME.split(text)
    if any("{{" in piece or "}}" in piece for piece in pieces[::2]):
        yield from _parts(text, scope)
        return
    for index, piece in enumerate(pieces):
        yield Lookup(_known(tuple(piece.split(".")), scope)) if index % 2 else piece


def _parts(text: str, scope: NameScope) -> Iterator[Part]:
    for node in _parse(text):
        if isinstance(data := getattr(node, "data", None), str):
            yield literal(data)
        else:
            yield _expression(node, scope)


def literal(text: str) -> str:
    if "}}" in text:
        raise TemplateError(
            "}} stands without {{ before it", hint="write a name in double braces, as in {{ doc.path }}"
        )
    return text


def _parse(text: str) -> "list[nodes.Expr]":
    from jinja2 import StrictUndefined, TemplateSyntaxError  # noqa: PLC0415 - a quarter of a start-up, often not needed
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415

    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, keep_trailing_newline=True, cache_size=0
    )
    try:
        body = environment.parse(text).body
    except TemplateSyntaxError as error:
        _refuse(
            f"this is not an expression: {_plainly(error.message)}",
            "write a name in double braces, as in {{ doc.path }}",
        )
    except RecursionError:
        _refuse("the expression is nested too deep", "a name needs no brackets around it")
    return [node for output in body for node in output.nodes]  # type: ignore[attr-defined]


def _expression(node: "nodes.Node", scope: NameScope) -> Part:
    from jinja2 import nodes  # noqa: PLC0415 - loaded by now

    filters: list[Filter] = []
    while isinstance(node, nodes.Filter) and node.node is not None:
        filters.append(_filter(node))
        node = node.node
    if isinstance(node, nodes.Const) and isinstance(node.value, str) and not filters:
        return node.value
    lookup = Lookup(_known(_path(node, scope), scope), tuple(reversed(filters)))
    _bound(lookup)
    return lookup


def _filter(node: "nodes.Filter") -> Filter:
    if node.name not in _ARGUMENTS:
        _refuse(f"the filter {node.name} is not known", _near(node.name, _ARGUMENTS, "use one of"))
    arguments: tuple[Any, ...] = tuple(getattr(argument, "value", None) for argument in node.args)
    wanted = _ARGUMENTS[node.name]
    plain = not (node.kwargs or node.dyn_args or node.dyn_kwargs)
    if not plain or tuple(map(type, arguments)) != wanted:
        _refuse(f"the filter {node.name} has the wrong arguments", f"write {_USAGE[node.name]}")
    return Filter(node.name, arguments)


def _path(node: "nodes.Node", scope: NameScope) -> tuple[str, ...]:
    from jinja2 import nodes  # noqa: PLC0415 - loaded by now

    steps: list[str] = []
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        step = node.attr if isinstance(node, nodes.Getattr) else _bracketed(node.arg)
        if scope.free and type(step) is int:
            step = str(step)
        if not isinstance(step, str):
            _refuse(
                "a name in brackets must be text in quotes", "write as in {{ job.labels['cost-center'] }}"
            )
        steps.append(step)
        node = node.node
    if not isinstance(node, nodes.Name):
        _refuse(
            f"{_KINDS.get(type(node).__name__, 'this kind of expression')} cannot be used",
            "templates have names and filters only, as in {{ doc.stem | lower }}",
        )
    return (node.name, *reversed(steps))


def _bracketed(node: "nodes.Node") -> object:
    """Return the constant in brackets, None where it is anything else."""
    from jinja2 import nodes  # noqa: PLC0415 - loaded by now

    if isinstance(node, nodes.Neg):
        place = getattr(node.node, "value", None)
        return -place if type(place) is int else None
    return getattr(node, "value", None)


def _known(path: tuple[str, ...], scope: NameScope) -> tuple[str, ...]:
    shown = ".".join(path[:4])
    root, *rest = path
    if root not in scope.roots:
        _refuse(f"{shown} is not known", _near(root, scope.roots, "a name begins with"))
    fields = {"doc": DOC_FIELDS, "job": JOB_FIELDS, **scope.free}.get(root)
    if not rest:
        _refuse(
            f"{root} alone is not a value",
            f"write as in {{{{ {root}.{next(iter(fields)) if fields else 'name'} }}}}",
        )
    if fields and rest[0] not in fields:
        _refuse(f"{shown} is not known", _near(rest[0], fields, f"{root} has", f"{root}."))
    if root in scope.free:
        if len(path) > MAX_DEPTH:
            _refuse(f"{shown}… has too many parts", f"at most {MAX_DEPTH} may follow each other")
        return path
    example = _MAPPINGS.get(path[:2])
    length = 2 if example is None else 3
    if len(path) < length:
        _refuse(f"{shown} alone is not a value", example)
    if len(path) > length:
        _refuse(f"{'.'.join(path[:length])} has no parts", f"write {{{{ {'.'.join(path[:length])} }}}}")
    return path


def _bound(lookup: Lookup) -> None:
    if any(each.name == "replace" and not each.arguments[0] for each in lookup.filters):
        _refuse("the filter replace cannot replace nothing", f"write {_USAGE['replace']}")
    if len(lookup.filters) > MAX_FILTERS or lookup.growth > MAX_GROWTH:
        _refuse(
            f"the filters of {lookup} make it too long",
            f"use at most {MAX_FILTERS}, and let replace make it at most {MAX_GROWTH} times as long",
        )


def _part_of(value: Any, step: str) -> Any:
    """Return what a value has by a name, or a list at a place from 0, or from its end below 0; None where there is nothing."""
    if isinstance(value, Mapping):
        return value.get(step)
    if isinstance(value, list | tuple) and _PLACE.fullmatch(step):
        place = int(step)
        return value[place] if -len(value) <= place < len(value) else None
    return None


def _defined(path: tuple[str, ...], context: Context) -> str:
    found: Any = context
    for step in path[:-1]:
        found = found.get(step, {})
    above = ".".join(path[:-1])
    return _near(path[-1], found, f"{above} has", f"{above}.")


def _near(word: str, known: Iterable[str], otherwise: str, prefix: str = "") -> str:
    names = [str(name) for name in known]
    if close := closest(word, names):
        return f"did you mean {prefix}{close}?"
    return f"{otherwise} {listed(names)}" if names else f"{otherwise} no names"


def _plainly(message: str | None) -> str:
    return (message or "").rstrip(".").replace("'end of print statement'", "}}")


def _refuse(message: str, hint: str | None) -> NoReturn:
    raise TemplateError(message, hint=hint) from None


def _default(text: str | None, fallback: str) -> str:
    return fallback if text is None else text


def _on_text(change: Callable[..., str]) -> Callable[..., str | None]:
    return lambda text, *arguments: None if text is None else change(text, *arguments)


_APPLY: Mapping[str, Callable[..., str | None]] = {
    "lower": _on_text(str.lower),
    "upper": _on_text(str.upper),
    "trim": _on_text(str.strip),
    "replace": _on_text(str.replace),
    "left": _on_text(lambda text, count: text[: max(0, count)]),
    "default": _default,
}
_ARGUMENTS: Mapping[str, tuple[type, ...]] = {
    "lower": (),
    "upper": (),
    "trim": (),
    "replace": (str, str),
    "left": (int,),
    "default": (str,),
}
_USAGE: Mapping[str, str] = {
    "lower": "{{ doc.stem | lower }}",
    "upper": "{{ doc.stem | upper }}",
    "trim": "{{ doc.stem | trim }}",
    "replace": "{{ doc.path | replace('/', '_') }}",
    "left": "{{ doc.sha256 | left(12) }}",
    "default": "{{ job.labels.team | default('none') }}",
}
_KINDS: Mapping[str, str] = {
    "Call": "a call",
    "Concat": "joining with ~",
    "CondExpr": "a condition",
    "Test": "a test",
    "Const": "a number or constant",
    "List": "a list",
    "Tuple": "a list",
    "Dict": "a mapping",
    "Slice": "a slice",
    "Compare": "a comparison",
    **dict.fromkeys(("Add", "Sub", "Mul", "Div", "FloorDiv", "Mod", "Pow", "Neg", "Pos"), "arithmetic"),
    **dict.fromkeys(("And", "Or", "Not"), "logic"),
}
