"""Environments: what docbatch.yaml says for one is laid over what it says for all, and judged as the project file that becomes of it.

Mappings are merged key by key; everything else takes the place of what stands there, lists included, as `merging` says.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from docbatch.core.errors import EnvironmentNeeded, Problem, SpecError, UsageError
from docbatch.core.report import visible
from docbatch.specs.chosen_environment import Choice, ChosenEnvironment
from docbatch.specs.merging import merge, without
from docbatch.specs.nodes import Node, Origin, show_path
from docbatch.specs.problems import near
from docbatch.specs.values import DeclaredProject
from docbatch.specs.variables import with_missing_values

KEY = "environments"
STATE = "state"
_STAND_IN = "a0000000000000"
"""Stands for a project id that is missing, so that all else can be judged."""
OF_THE_FILE = ("apiVersion", KEY)
"""Keys that hold for all environments."""
_NEW_ID = "add project: {id: …} to it; docbatch init in an empty folder writes a new id"

Judge = Callable[[Origin], DeclaredProject]


@dataclass(frozen=True, slots=True)
class _Layer:
    """A project file as it holds in one environment; `places` are those of what the environment says itself."""

    name: str
    origin: Origin
    places: frozenset[tuple[int, int]]

    def told(self, problems: Sequence[Problem]) -> Iterator[Problem]:
        """Yield the problems with the whole path of what the environment says."""
        for problem in problems:
            own = (problem.line, problem.column) in self.places
            above = show_path((KEY, self.name))
            yield replace(problem, where=f"{above}.{problem.where}".rstrip(".")) if own else problem


def declared_environments(origin: Origin, judge: Judge) -> Mapping[str | None, DeclaredProject]:
    """Return the project in each of its environments, by name, and first without one where it has an id of its own.

    Raises SpecError with all that is wrong in any of them.
    """
    projects: dict[str | None, DeclaredProject] = {}
    problems: list[Problem] = []
    is_usable = origin.node.child("project") is not None
    try:
        projects[None] = judge(origin if is_usable else replace(origin, node=_with_stand_in(origin.node)))
    except SpecError as error:
        problems += [each for each in error.problems if is_usable or each.where.startswith(KEY)]
    for layer in _layers(origin):
        problems += _own_problems(origin, layer.name)
        try:
            projects[layer.name] = _with_state(judge(layer.origin), origin, layer.name)
        except SpecError as error:
            problems += layer.told(error.problems)
    if not is_usable:
        projects.pop(None, None)
    problems += [*_same_ids(origin, projects), *_same_states(origin, projects)]
    if problems:
        raise SpecError(list(dict.fromkeys(sorted(problems, key=_place))))
    return projects


def choose(projects: Mapping[str | None, DeclaredProject], choice: Choice) -> DeclaredProject:
    """Return the project in one environment, as docbatch.yaml says it. Raises UsageError where there is none of that name."""
    name = choice.environment
    names = [each for each in projects if each is not None]
    if name is not None and name not in projects:
        raise no_environment(name, names)
    if name not in projects:
        raise EnvironmentNeeded(names)
    each = {
        key: replace(project, environment=replace(project.environment, name=key))
        for key, project in projects.items()
    }
    others = tuple(
        with_missing_values(project, choice.variables) for key, project in each.items() if key != name
    )
    return replace(each[name], environment=replace(each[name].environment, others=others, names=tuple(names)))


def no_environment(name: str, names: Sequence[str]) -> UsageError:
    """Return the error for a name that is none of an environment."""
    hint = (
        near(name, names, "there are")
        if names
        else "declare it under environments: in docbatch.yaml, or leave out --env"
    )
    return UsageError(f"there is no environment '{visible(name)}'", hint=hint)


def _layers(origin: Origin) -> Iterator[_Layer]:
    written = origin.node.child(KEY)
    assert written is not None
    for name, node in (written.content if isinstance(written.content, dict) else {}).items():
        if isinstance(node.content, dict):
            # A place that two files say in parts would be one that nobody wrote down.
            replaced = (KEY,) if node.child(STATE) is None else (KEY, STATE)
            whole = merge(without(origin.node, *replaced), without(node, *OF_THE_FILE))
            if _id_of(node) is None:
                whole = _with_stand_in(whole)
            yield _Layer(name, replace(origin, node=whole), frozenset(_places(node)))


def _own_problems(origin: Origin, name: str) -> Iterator[Problem]:
    """Yield what is wrong with an environment that no project file alone would show."""
    node = origin.node.at((KEY, name))
    assert node is not None
    for key in OF_THE_FILE:
        if node.child(key) is not None:
            told = f"the key {key} cannot stand in an environment"
            yield origin.problem((KEY, name, key), told, "it is said once, for all of them")
    if _id_of(node) is None:
        yield origin.problem((KEY, name), f"environment {name} has no project id of its own", _NEW_ID)


def _same_ids(origin: Origin, projects: Mapping[str | None, DeclaredProject]) -> Iterator[Problem]:
    first: dict[str, DeclaredProject] = {}
    for name, project in projects.items():
        if name is None or project.id is None or project.id == _STAND_IN:
            first.update({} if project.id is None else {project.id: project})
            continue
        if project.id in first:
            whose = next(key for key, each in projects.items() if each is first[project.id])
            told = f"environment {name} has the id of {ChosenEnvironment(whose).said}"
            yield origin.problem(
                (KEY, name, "project", "id"),
                told,
                "each needs one of its own, or one would take the other's work for its own",
            )
        first.setdefault(project.id, project)


def _with_state(project: DeclaredProject, origin: Origin, name: str) -> DeclaredProject:
    """Return an environment with the place of its state, which lies below the project's where it says nothing of it."""
    if project.state_store is None or origin.node.at((KEY, name, STATE)) is not None:
        return project
    from docbatch.specs.state_place import below_project  # noqa: PLC0415 - few projects have it in a store

    return below_project(project, name)


def _same_states(origin: Origin, projects: Mapping[str | None, DeclaredProject]) -> Iterator[Problem]:
    if any(project.state_store is not None for project in projects.values()):
        from docbatch.specs.state_place import shared_states  # noqa: PLC0415 - the same

        yield from shared_states(origin, projects)


def _id_of(node: Node) -> Node | None:
    return node.at(("project", "id"))


def _with_stand_in(node: Node) -> Node:
    """Return a project file with an id of a project."""
    assert isinstance(node.content, dict)
    identity = Node(node.mark, {"id": Node(node.mark, _STAND_IN, _STAND_IN)})
    return Node(node.mark, {**node.content, "project": identity}, keys=node.keys)


def _places(node: Node) -> Iterator[tuple[int, int]]:
    for mark in (node.mark, *node.keys.values()):
        yield mark.line, mark.column
    match node.content:
        case dict(children):
            below = tuple(children.values())
        case tuple(children):
            below = children
        case _:
            below = ()
    for child in below:
        yield from _places(child)


def _place(problem: Problem) -> tuple[int, int]:
    return problem.line or 0, problem.column or 0
