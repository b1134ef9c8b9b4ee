"""From a place in the models to the place in the file.

Pydantic names a place by field names, list indices, and the tags of unions it went through. The file knows no tags, so
both are walked together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, Tag
from pydantic.fields import FieldInfo

from docbatch.fields import LateUnion
from docbatch.specs.nodes import Mark, Node, Path, Step

_UNKNOWN: Any = object()


@dataclass(frozen=True, slots=True)
class ErrorPlace:
    """Where an error is: the path and node reached, the model around it, and what is left of the error's path."""

    path: Path
    node: Node
    parent: Node
    model: type[BaseModel] | None
    rest: tuple[Step, ...] = ()

    @property
    def key(self) -> Mark:
        """Where the key is written that leads here; the value's place when there is none."""
        last = self.path[-1] if self.path else None
        return self.parent.keys.get(last, self.node.mark) if isinstance(last, str) else self.node.mark


def find(location: Sequence[Step], model: type[BaseModel], node: Node) -> ErrorPlace:
    """Walk an error's location down the model and the file."""
    path: Path = ()
    parent, around, annotation = node, model, _plain(model)
    for position, step in enumerate(location):
        around = annotation if _is_model(annotation) else around
        annotation, entered = _enter(annotation, step)
        child = node.child(step) if entered else None
        if child is not None:
            path, parent, node = (*path, step), node, child
        elif entered and isinstance(step, str):
            return ErrorPlace(path, node, parent, around, tuple(location[position:]))
    return ErrorPlace(path, node, parent, around if annotation is _UNKNOWN else _model_or_none(annotation))


def fields(model: type[BaseModel]) -> Mapping[str, FieldInfo]:
    """Return a model's fields under the names that users write."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def submodels(field: FieldInfo) -> Sequence[type[BaseModel]]:
    """Return the models of which a field holds exactly one."""
    annotation = _declared(field)
    members = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    return [member for member in map(_plain, members) if _is_model(member)]


def _enter(annotation: Any, step: Step) -> tuple[Any, bool]:
    """Return what is below, and whether the step leads there in the file as well."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return next((_plain(member) for member in arguments if step in _tags(member)), _UNKNOWN), False
    if origin in (list, tuple):
        return _plain(arguments[0]), True
    if origin is dict:
        return _plain(arguments[1]), True
    if _is_model(annotation):
        field = fields(annotation).get(str(step))
        return (_declared(field) if field else _UNKNOWN), True
    return _UNKNOWN, annotation is _UNKNOWN


def _declared(field: FieldInfo) -> Any:
    """Return what a field holds; the outermost marks of its annotation lie beside it."""
    late = (mark.annotation for mark in field.metadata if isinstance(mark, LateUnion))
    return _plain(next(late, field.annotation))


def _plain(annotation: Any) -> Any:
    while get_origin(annotation) is Annotated:
        annotation, *marks = get_args(annotation)
        annotation = next((each.annotation for each in marks if isinstance(each, LateUnion)), annotation)
    if get_origin(annotation) in (Union, UnionType):
        members = [member for member in get_args(annotation) if member is not type(None)]
        if len(members) == 1:
            return _plain(members[0])
    return annotation


def _tags(member: Any) -> tuple[Step, ...]:
    if get_origin(member) is Annotated:
        return tuple(mark.tag for mark in get_args(member)[1:] if isinstance(mark, Tag))
    if _is_model(member) and "type" in member.model_fields:
        kind = member.model_fields["type"].annotation
        return get_args(kind) if get_origin(kind) is Literal else ()
    return ()


def _model_or_none(annotation: Any) -> type[BaseModel] | None:
    return annotation if _is_model(annotation) else None


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
