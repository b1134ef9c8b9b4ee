"""Judging the folders that sinks write to: another project may write there as well."""

import contextlib
import os
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from docbatch.core.guard import refuse_shared
from docbatch.core.report import visible
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.naming.state_folders import project_root
from docbatch.naming.store_places import in_store
from docbatch.providers import DEFAULT_PROVIDER
from docbatch.sinks.owners import FolderOwner, around, claim, claimed, claimed_above
from docbatch.state.store import Store


def judge_folders(
    targets: Sequence[ResolvedJob],
    store: Store | None,
    project: str,
    state: Path,
    allowed: Collection[str],
) -> tuple[str, ...]:
    """Return a note for each folder that is known to be shared.

    Raises GuardRefused for one that is about to be.
    """
    own = _owner(project, state)
    recorded = () if store is None else store.deliveries.roots()
    notes = []
    for root in _roots(targets):
        folder = Path(os.fsdecode(root))
        above = () if _is_inside(folder, state) else claimed_above(folder)
        writing = [*claimed(folder), *above]
        other = _other(folder, writing, own, state)
        if other is None:
            continue
        if root not in recorded and not any(own.is_same(each) for each in writing):
            refuse_shared(str(folder), other, allowed)
        notes.append(visible(f"{folder}: {other} writes to this folder as well"))
    return tuple(notes)


def claim_folders(targets: Iterable[ResolvedJob], project: str, state: Path) -> None:
    """Say in each folder outside of the project that it is written to; one that cannot be written to says so later."""
    own = _owner(project, state)
    for root in _roots(targets):
        folder = Path(os.fsdecode(root))
        if not _is_inside(folder, state):
            with contextlib.suppress(OSError):
                claim(folder, own)


def _owner(project: str, state: Path) -> FolderOwner:
    return FolderOwner("" if project == DEFAULT_PROVIDER else project, os.path.realpath(project_root(state)))


def _roots(targets: Iterable[ResolvedJob]) -> list[bytes]:
    roots = (sink.root for target in targets for sink in target.sinks)
    return sorted({root for root in roots if root is not None and not in_store(root)})


def _is_inside(folder: Path, state: Path) -> bool:
    """Say whether a folder lies in the project, and in no project within it."""
    root = Path(os.path.realpath(project_root(state)))
    place = Path(os.path.realpath(folder))
    return place.is_relative_to(root) and around(folder) in {root, *root.parents, None}


def _other(folder: Path, writing: Iterable[FolderOwner], own: FolderOwner, state: Path) -> str | None:
    """Name another project that writes to the folder, or whose folder it is."""
    other = next((each for each in writing if not own.is_same(each)), None)
    if other is not None:
        return f"the project {other.project or 'without an id'} in {other.folder}"
    whose = around(folder)
    return (
        None
        if whose is None or _is_inside(folder, state) or str(whose) == own.folder
        else f"the project in {whose}"
    )
