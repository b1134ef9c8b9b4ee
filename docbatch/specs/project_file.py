"""Finding docbatch.yaml and reading what it says."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from docbatch.core.errors import Problem, SpecError
from docbatch.fields import seconds
from docbatch.providers import REGISTRY
from docbatch.providers.kind import ProviderKind
from docbatch.secret_references import FileReference, Reference
from docbatch.specs.checkout import GIT, Checkout
from docbatch.specs.chosen_environment import NO_CHOICE, Choice, ChosenEnvironment
from docbatch.specs.guards import guards_of
from docbatch.specs.limits import limits_of
from docbatch.specs.nodes import Node, Origin
from docbatch.specs.notify import subscribers_of
from docbatch.specs.plugins import load_sinks
from docbatch.specs.problems import cut, near, translate
from docbatch.specs.project import ConnectionSpec, Defaults, ProjectSpec
from docbatch.specs.text import read
from docbatch.specs.values import Connection, DeclaredProject, StateInStore, StoreConnection
from docbatch.specs.yaml import parse

if TYPE_CHECKING:
    from docbatch.prices.lines import OwnLine

FILE_NAME = "docbatch.yaml"
NEARLY = ("docbatch.yml", "docbatch.YAML", "Docbatch.yaml", "docbatch.json")
"""Files that are meant as one and are not read."""


def find_project_file(start: Path, *, untrusted: bool = False) -> Path | None:
    """Return the nearest docbatch.yaml in the folder or above it; of an untrusted repository, in it."""
    folder = start.resolve()
    folders = [folder, *folder.parents]
    files = (above / FILE_NAME for above in (_inside_repository(folders) if untrusted else folders))
    return next((file for file in files if os.path.lexists(file)), None)


def _inside_repository(folders: Sequence[Path]) -> Sequence[Path]:
    """Return a folder, and those above it up to the top of its repository, where it is part of one."""
    tops = (number for number, folder in enumerate(folders, start=1) if os.path.lexists(folder / GIT))
    return folders[: next(tops, 1)]


def load_project(start: Path, *, untrusted: bool = False, choice: Choice = NO_CHOICE) -> DeclaredProject:
    """Return the project that a folder belongs to, in the environment of the `choice`; without a docbatch.yaml, the folder itself.

    With `untrusted` nothing is read then and later but files of the project, and none above its repository. Raises SpecError,
    whichever environment it is that something is wrong with, and UsageError for a choice that there is not.
    """
    here = start.resolve()
    file = find_project_file(here, untrusted=untrusted)
    if file is None:
        connections = _connections({}, Checkout(here, untrusted))
        bare = DeclaredProject(here, here, None, connections, {}, Defaults(), untrusted=untrusted)
        return _chosen({None: bare}, choice)
    try:
        projects = _declared(file, here, Checkout(file.parent, untrusted))
    except SpecError as error:
        raise SpecError(cut(error.problems)) from None
    return _chosen(projects, choice)


def _declared(file: Path, here: Path, checkout: Checkout) -> Mapping[str | None, DeclaredProject]:
    shown = show_file(file, here)
    node = _only_document(parse(read(file, shown, checkout), shown), shown)
    origin = Origin(file, shown, node)
    judge = partial(_judged, here=here, checkout=checkout)
    written = node.child("environments")
    if written is None or not written.content:
        return {None: judge(origin)}
    from docbatch.specs.environments import declared_environments  # noqa: PLC0415 - few projects have environments

    return declared_environments(origin, judge)


def _chosen(projects: Mapping[str | None, DeclaredProject], choice: Choice) -> DeclaredProject:
    """Return the project in the environment that is named, with the values of variables that come from outside."""
    project = projects.get(None)
    if choice.environment is not None or project is None or len(projects) > 1:
        from docbatch.specs.environments import choose  # noqa: PLC0415 - few projects have environments

        project = choose(projects, choice)
    if not (choice.variables or project.variables or project.environment.unset):
        return project
    from docbatch.specs.variables import with_outside_values  # noqa: PLC0415 - not all projects have variables

    return with_outside_values(project, choice.variables)


def _judged(origin: Origin, here: Path, checkout: Checkout) -> DeclaredProject:
    node, shown = origin.node, origin.shown
    if unusable := list(load_sinks(origin, ("defaults", "sink"))):
        raise SpecError(unusable)
    own, price_faults = _own_prices(origin)
    stores, store_faults = _own_stores(origin, untrusted=checkout.untrusted)
    state, state_faults = _own_state(origin, None if store_faults else stores)
    faults = [*price_faults, *store_faults, *state_faults]
    try:
        spec = ProjectSpec.model_validate_json(json.dumps(node.plain()))
    except ValidationError as error:
        raise SpecError([*translate(error, ProjectSpec, node, shown), *faults]) from None
    if problems := [*_mismatches(spec, origin), *_foreign_files(spec, origin, checkout), *faults]:
        raise SpecError(problems)
    connections = _connections(spec.providers, checkout, origin)
    if problems := _price_problems(own, origin, connections):
        raise SpecError(problems)
    texts, unset = _texts(node.child("vars"))
    return DeclaredProject(
        origin.file.parent,
        here,
        spec.project.id,
        connections,
        texts,
        spec.defaults,
        origin,
        checkout.untrusted,
        limits_of(spec.limits, node.child("limits"), shown),
        tuple(own),
        guards_of(spec, node, shown),
        tuple(limit for name in spec.providers for limit in connections[name].limits),
        tuple(subscribers_of(spec, shown)),
        stores,
        environment=ChosenEnvironment(unset=unset),
        state_store=state,
    )


def _own_stores(
    origin: Origin, *, untrusted: bool
) -> tuple[Mapping[str, StoreConnection], Sequence[Problem]]:
    if origin.node.child("stores") is None:
        return {}, ()
    from docbatch.specs.stores import read_stores  # noqa: PLC0415 - few projects have stores

    return read_stores(origin, untrusted=untrusted)


def _own_state(
    origin: Origin, stores: Mapping[str, StoreConnection] | None
) -> tuple[StateInStore | None, Sequence[Problem]]:
    if origin.node.child("state") is None:
        return None, ()
    from docbatch.specs.state_place import state_in_store  # noqa: PLC0415 - few projects have it in a store

    return state_in_store(origin, stores)


def _own_prices(origin: Origin) -> "tuple[Sequence[OwnLine], Sequence[Problem]]":
    if origin.node.child("prices") is None:
        return (), ()
    from docbatch.specs.pricing import read_prices  # noqa: PLC0415 - few projects have prices of their own

    return read_prices(origin)


def _price_problems(
    own: "Sequence[OwnLine]", origin: Origin, connections: Mapping[str, Connection]
) -> list[Problem]:
    if not own:
        return []
    from docbatch.specs.pricing import check_prices  # noqa: PLC0415 - the same

    return list(check_prices(own, origin, connections))


def show_file(file: Path, here: Path) -> str:
    """Name a file as messages do: relative to the folder `here` when it lies below it. Both are absolute."""
    shown = file.relative_to(here) if file.is_relative_to(here) else file
    return os.fsencode(shown).decode(errors="backslashreplace")


def _only_document(nodes: tuple[Node, ...], shown: str) -> Node:
    if not nodes:
        hint = "move it away and run docbatch init, which writes one with a new project id"
        raise SpecError([Problem(shown, None, None, "", "the project file is empty", hint)])
    if len(nodes) > 1:
        mark = nodes[1].mark
        problem = Problem(
            shown, mark.line, mark.column, "", "a second document", "a project file has exactly one"
        )
        raise SpecError([problem])
    return nodes[0]


def _texts(written: Node | None) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """Return variables as they are written, so that 1.50 stays 1.50 in a path, and the names of those without a value."""
    content = written.content if written else {}
    each = content if isinstance(content, dict) else {}
    texts = {name: value.text for name, value in each.items() if value.content is not None}
    return texts, tuple(name for name in each if name not in texts)


class _Connections(Mapping[str, Connection]):
    """Those that docbatch.yaml names, and one for each provider under its own name.

    Plug-ins are looked for only when a name is asked for that is neither, or when all are wanted.
    """

    def __init__(self, named: Mapping[str, Connection], *, untrusted: bool) -> None:
        own = {kind: Connection(kind, kind, untrusted=untrusted) for kind in REGISTRY.names()}
        self._at_hand = own | dict(named)
        self._untrusted = untrusted

    def __getitem__(self, name: str) -> Connection:
        if name not in self._at_hand and REGISTRY.knows(name):
            return Connection(name, name, untrusted=self._untrusted)
        return self._at_hand[name]

    def __iter__(self) -> Iterator[str]:
        yield from dict.fromkeys((*self._at_hand, *REGISTRY.installed()))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _connections(
    specs: Mapping[str, ConnectionSpec], checkout: Checkout, origin: Origin | None = None
) -> Mapping[str, Connection]:
    named = {name: _connection(name, spec, checkout, origin) for name, spec in specs.items()}
    return _Connections(named, untrusted=checkout.untrusted)


def _connection(name: str, spec: ConnectionSpec, checkout: Checkout, origin: Origin | None) -> Connection:
    return Connection(
        name=name,
        type=spec.type or name,
        base_url=spec.base_url,
        api_key=spec.api_key,
        webhook_secret=tuple(spec.webhook_secret or ()),
        workspace=_below(checkout, spec.workspace),
        poll=spec.poll,
        recovery=spec.recovery,
        rates=spec.rates,
        workers=spec.workers,
        on=spec.on,
        address=spec.address,
        api_version=spec.api_version,
        allow_host=spec.allow_host,
        unreachable_after=seconds(spec.unreachable_after),
        limits=()
        if origin is None
        else limits_of(
            spec.limits, origin.node.at(("providers", name, "limits")), origin.shown, connection=name
        ),
        declared=True,
        untrusted=checkout.untrusted,
    )


def _below(checkout: Checkout, reference: Reference | str | None) -> Reference | str | None:
    """Return a reference with the absolute path of its file, if that is what it is."""
    if not isinstance(reference, FileReference):
        return reference
    return FileReference.model_construct(file=str(checkout.file(reference.file)))


def _foreign_files(spec: ProjectSpec, origin: Origin, checkout: Checkout) -> Iterator[Problem]:
    """Refuse workspaces that an untrusted project looks for in files of others."""
    for name, connection in spec.providers.items():
        reference = connection.workspace
        if isinstance(reference, FileReference) and (fault := checkout.fault(checkout.file(reference.file))):
            yield origin.problem(("providers", name, "workspace"), *fault)


def _mismatches(spec: ProjectSpec, origin: Origin) -> Iterator[Problem]:
    own = REGISTRY.names()
    for name, connection in spec.providers.items():
        above = ("providers", name)
        if connection.type is None and not REGISTRY.knows(name):
            hint = near(name, REGISTRY.installed(), "choose one of")
            yield origin.problem(above, "type is missing, and the name is no provider's", hint)
        elif name in own and connection.type not in (None, name):
            yield origin.problem(
                (*above, "type"),
                f"a connection named {name} has the type {name}",
                "give the connection another name",
            )
        else:
            yield from _needless(connection, connection.type or name, origin, above)


_OF_SERVICES = ("base_url", "api_key", "webhook_secret", "workspace", "api_version")
_LIMITED = (*_OF_SERVICES, "workers", "on", "address")
"""Keys that some providers have no use for."""


def _needless(
    connection: ConnectionSpec, kind: str, origin: Origin, above: tuple[str, str]
) -> Iterator[Problem]:
    written = [key for key in _LIMITED if getattr(connection, key) is not None]
    # What a provider has no use for is looked up only where something is written that it may have none for.
    needless = unused_settings(REGISTRY.kind(kind)) if written and kind in REGISTRY else {}
    for key in written:
        if key in needless:
            yield origin.problem((*above, key), needless[key], "remove the key")
    if "on" not in needless and (written and kind in REGISTRY):
        yield from _misplaced(connection, REGISTRY.kind(kind), origin, above)


def _misplaced(
    connection: ConnectionSpec, kind: ProviderKind, origin: Origin, above: tuple[str, str]
) -> Iterator[Problem]:
    if connection.on is not None and connection.on not in kind.runs_on:
        hint = near(connection.on, kind.runs_on, "there is")
        yield origin.problem((*above, "on"), f"{kind.title} does not run on {connection.on}", hint)
    if connection.address is not None and connection.on is None:
        hint = f"add on: {kind.runs_on[0]}, or remove the key"
        yield origin.problem((*above, "address"), "nothing says what answers there", hint)


def unused_settings(kind: ProviderKind) -> Mapping[str, str]:
    """Return the keys of a connection that a provider has no use for, and why."""
    service = kind.service
    reasons = {
        "workers": (kind.has_workers, "has no workers on this machine"),
        "on": (bool(kind.runs_on), "does its work in one place alone"),
        "address": (bool(kind.runs_on), "has no address"),
    }
    if service is None:
        reasons |= {key: (False, f"has no {key}") for key in _OF_SERVICES}
    else:
        reasons |= {
            "workspace": (service.has_workspaces, "has no workspaces"),
            "webhook_secret": (service.webhook is not None, "sends no webhooks"),
            "api_version": (service.has_versions, "has one version of its API"),
        }
    return {key: f"{kind.title} {reason}" for key, (used, reason) in reasons.items() if not used}
