"""Whether a state that is to be restored is sound, and of this project."""

import contextlib
from pathlib import Path

from docbatch.core.errors import DocbatchError, GuardRefused, StateError
from docbatch.engine.administration.backups.facts import BackupFacts
from docbatch.engine.administration.backups.sources import DAMAGED
from docbatch.engine.administration.check_state import unreadable
from docbatch.providers import DEFAULT_PROVIDER
from docbatch.state.home import Home
from docbatch.state.proofs import faults
from docbatch.state.store import Store


def refuse_unsound(store: Store, source: Path, facts: BackupFacts | None) -> None:
    """Raise StateError where something is damaged that decides about money, or the file itself."""
    said = [message for (message,) in store.database.execute("PRAGMA integrity_check") if message != "ok"]
    said += [each.sentence for each in faults(store.database.connection) if not each.is_free]
    said += unreadable(store)
    if facts is not None and (facts.lineage, facts.serial) != (store.lineage, store.events.last()):
        said.append("it holds another state than it says")
    if said:
        raise StateError(f"{source}: the backup is damaged: {said[0]}", hint=DAMAGED)


def refuse_other_project(
    folder: Path, store: Store, facts: BackupFacts | None, project: str, *, is_foreign: bool
) -> None:
    """Raise GuardRefused where a state is of another project, unless a person says that it may be."""
    if facts is not None:
        refuse_other_id(facts.project, project, is_foreign=is_foreign)
    elif not is_foreign and (other := _other_project(folder, store, project)) is not None:
        raise _refused(other)


def refuse_other_id(project: str, ours: str, *, is_foreign: bool) -> None:
    """Raise GuardRefused where a project's id is not ours, unless a person says that it may be."""
    if project != ours and not is_foreign:
        raise _refused(f"it is that of {project}, and this is {ours}")


def _refused(why: str) -> GuardRefused:
    return GuardRefused(
        f"the backup is of another project: {why}",
        hint="nothing was changed; say --other-project where you mean it",
    )


def _other_project(folder: Path, store: Store, project: str) -> str | None:
    """Say why a state is not one of this project. Of a state alone its marks tell, and else the state that is there."""
    known = tuple(f"{mark}-" for mark in (project, DEFAULT_PROVIDER))
    markers = store.submissions.markers()
    if strange := sorted(marker for marker in markers if not marker.startswith(known)):
        return f"its work bears the mark {strange[0]}, and that of this project begins with {known[0]}"
    there = None if markers else _lineage_there(folder)
    if there is None or there == store.lineage:
        return None
    return f"it is of lineage {store.lineage}, and what is here is of lineage {there}"


def _lineage_there(folder: Path) -> str | None:
    with contextlib.suppress(DocbatchError), Home.at(folder).readable() as store:
        return store.lineage
    return None
