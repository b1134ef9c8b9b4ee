"""Values of variables that come from outside of docbatch.yaml: by `--var NAME=VALUE`, and by DOCBATCH_VAR_NAME."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from docbatch.core.errors import Problem, UsageError
from docbatch.core.report import visible
from docbatch.fields import ONE_LINE
from docbatch.naming.templates import TemplateError, compile_template
from docbatch.specs.checkout import OPEN_VARIABLES, variables
from docbatch.specs.problems import near
from docbatch.specs.values import DeclaredProject

LONGEST_VALUE = 1000
_LINE = re.compile(ONE_LINE)
_ONE_STEP = "x"
"""Stands for what is the same for all documents of a job, and no value from outside."""


def with_outside_values(project: DeclaredProject, given: Mapping[str, str]) -> DeclaredProject:
    """Return the project with values from outside; those `given` come before those of the process's environment.

    Raises UsageError for a name that is given and not declared, and for a value that no variable may have.
    """
    declared = [*project.variables, *project.environment.unset]
    for name in given:
        if name not in declared:
            raise UsageError(f"there is no variable '{visible(name)}'", hint=_instead_of(name, declared))
    outside = _outside(project, given, declared)
    for name, value in outside.items():
        if fault := _fault(value):
            raise UsageError(f"the value given for the variable {name} {fault}")
    return _filled(project, outside)


def with_missing_values(project: DeclaredProject, given: Mapping[str, str]) -> DeclaredProject:
    """Return the project with a value for each variable that docbatch.yaml leaves without one: from outside, or one that stands for it."""
    names = project.environment.unset
    stand_ins = {name: f"value-of-{name}" for name in names}
    return _filled(project, {**stand_ins, **_outside(project, given, names)})


def unset_problems(project: DeclaredProject) -> Iterator[Problem]:
    """Yield a problem for each variable that nobody gave a value."""
    for name in project.environment.unset if project.origin else ():
        assert project.origin is not None
        hint = f"give it one by --var {name}=VALUE or {OPEN_VARIABLES}{name}, or write one here"
        yield project.origin.problem(("vars", name), f"the variable {name} has no value", hint)


def _outside(project: DeclaredProject, given: Mapping[str, str], names: Sequence[str]) -> Mapping[str, str]:
    """Return the values that variables are given from outside, as they are said there."""
    found = variables(untrusted=project.untrusted)
    named = {name: f"{OPEN_VARIABLES}{name}" for name in names}
    said = {name: found[variable] for name, variable in named.items() if variable in found}
    return {**said, **{name: value for name, value in given.items() if name in named}}


def _filled(project: DeclaredProject, outside: Mapping[str, str]) -> DeclaredProject:
    unset = tuple(name for name in project.environment.unset if name not in outside)
    environment = replace(project.environment, outside=dict(outside), unset=unset)
    return replace(project, variables={**project.variables, **outside}, environment=environment)


def _instead_of(name: str, declared: list[str]) -> str:
    return near(name, declared, "declared are") if declared else "declare it under vars: in docbatch.yaml"


def _fault(value: str) -> str | None:
    """Say why a text can be no variable's value; it is not shown."""
    if len(value) > LONGEST_VALUE:
        return f"is longer than {LONGEST_VALUE:,} characters"
    if not _LINE.match(value):
        return "has a line break, or another control character"
    if any("\ud800" <= character <= "\udfff" for character in value):
        return "is no text in UTF-8"
    return None


def require_inside(project: DeclaredProject, path: str) -> None:
    """Raise TemplateError where a value from outside leads the path of an output out of the folder that is written before it."""
    outside = project.environment.outside
    text = ""
    bounds: list[tuple[str, str]] = []
    for part in compile_template(path).parts if outside else ():
        if isinstance(part, str):
            text += part
        elif part.path[0] == "vars":
            if part.path[1] in outside:
                bounds.append((part.path[1], text.rpartition("/")[0]))
            text += part.value({"vars": project.variables})
        elif part.path[0] == "doc":
            # What follows is judged when the path of a document is known.
            break
        else:
            text += _ONE_STEP
    place = _normal(project, text.rpartition("/")[0])
    for name, folder in bounds:
        if not place.is_relative_to(_normal(project, folder)):
            raise TemplateError(
                f"the value given for the variable {name} leads out of {folder or 'the project'}",
                hint='give one without ".." and without "/" at its beginning',
            )


def _normal(project: DeclaredProject, text: str) -> Path:
    return Path(os.path.normpath(project.root / text))
