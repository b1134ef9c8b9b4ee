"""Where a state lies that is in a store, judged beside the stores and beside those of other environments."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from docbatch.core.errors import Problem
from docbatch.naming.state_folders import ENVIRONMENTS
from docbatch.specs.chosen_environment import ChosenEnvironment
from docbatch.specs.nodes import Origin, Path
from docbatch.specs.problems import near
from docbatch.specs.state_spec import read_state
from docbatch.specs.stores import FolderStoreSpec, store_settings
from docbatch.specs.values import DeclaredProject, StateInStore, StoreConnection

KEY = "state"


def state_in_store(
    origin: Origin, stores: Mapping[str, StoreConnection] | None
) -> tuple[StateInStore | None, Sequence[Problem]]:
    """Return where a project file has its state, or what is wrong with that. Nothing is asked of the store.

    Without `stores`, of which others tell what is wrong, it is judged as far as that goes.
    """
    spec, problems = read_state(origin)
    if spec is None or stores is None:
        return None, problems
    store = stores.get(spec.store)
    place = (KEY, "store")
    if store is None:
        hint = (
            near(spec.store, stores, "known are") if stores else "declare it under stores: in docbatch.yaml"
        )
        return None, [origin.problem(place, f"there is no store {spec.store}", hint)]
    if isinstance(store.declared, FolderStoreSpec):
        told = f"the store {spec.store} is a folder, which cannot refuse a write because of what stands there"
        return None, [
            origin.problem(place, told, "keep the state on this disk, without state:, or in a bucket")
        ]
    key = None if spec.encryption is None else spec.encryption.key
    return StateInStore(store, spec.prefix, key), ()


def below_project(project: DeclaredProject, name: str) -> DeclaredProject:
    """Return an environment that says nothing of its state with the place of it, below the project's own."""
    state = project.state_store
    if state is None:
        return project
    return replace(project, state_store=replace(state, prefix=f"{state.prefix}{ENVIRONMENTS}/{name}/"))


def place_of(state: StateInStore) -> str:
    """Return what the places of all objects of a state begin with, whatever its store is called; it ends with "/"."""
    spec = state.store.declared
    assert not isinstance(spec, FolderStoreSpec), "no state lies in a folder that stands for a bucket"
    return f"{store_settings(state.store.name, spec).identity}/{state.prefix}"


def shared_states(origin: Origin, projects: Mapping[str | None, DeclaredProject]) -> Iterator[Problem]:
    """Yield a problem for each environment whose state would lie among the objects of another's.

    Below `env/` of a state are those of environments, so that one may lie there.
    """
    before: dict[str | None, str] = {}
    for name, project in projects.items():
        if project.state_store is None:
            continue
        place = place_of(project.state_store)
        met = (other for other, there in before.items() if _is_among(place, there) or _is_among(there, place))
        for other in list(met)[:1]:
            written = origin.node.at(("environments", str(name), KEY))
            where: Path = ("environments", str(name)) if written is None else ("environments", str(name), KEY)
            told = (
                f"environment {name} would have its state where {ChosenEnvironment(other).said} has its own"
            )
            yield origin.problem(
                where,
                told,
                f"give it a prefix of its own; without one it is {ENVIRONMENTS}/{name}/ below the project's",
            )
        before[name] = place


def _is_among(place: str, other: str) -> bool:
    """Say whether what lies at a place may be taken for objects of the state at another."""
    return place.startswith(other) and not place.startswith(f"{other}{ENVIRONMENTS}/")
