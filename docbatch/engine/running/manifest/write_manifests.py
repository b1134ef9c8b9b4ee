"""Writing the manifests of jobs at the end of a run, whole by rename, where something they say has changed."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from docbatch.core.errors import SinkError
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.engine.progress_notices import Trouble
from docbatch.engine.running.run_context import Run
from docbatch.naming.pathtext import escape
from docbatch.naming.state_folders import project_root
from docbatch.sinks import outputs
from docbatch.sinks.faults import reason
from docbatch.sinks.found_files import find
from docbatch.sinks.outputs import Unfinished
from docbatch.sinks.paths import UnsafeOutput, folded
from docbatch.sinks.trash import Trash
from docbatch.sinks.tree import Tree, temporary_name

_BUFFER = 1 << 20


def write_manifests(run: Run) -> None:
    """Bring the manifests of the run's jobs up to date. One that cannot be written is an error of the run, and tried by the next."""
    for target in run.targets.values():
        if target.manifest is None or _is_up_to_date(run, target.name, target.manifest):
            continue
        try:
            _write(run, target, target.manifest)
        except (SinkError, UnsafeOutput, OSError) as error:
            told = reason(error) if isinstance(error, OSError) else str(error)
            failed = SinkError(
                f"{escape(target.manifest)}: the manifest of job '{target.name}' cannot be written: {told}",
                hint="outputs and results are safe; mend it and run 'docbatch apply' again",
            )
            run.errors.append(failed)
            run.observe(Trouble(f"job {target.name}", failed.message, failed.hint))


def _is_up_to_date(run: Run, job: str, place: bytes) -> bool:
    known = run.store.manifests.get(job)
    return (
        known is not None
        and not known.behind
        and known.place == place
        and known.stamp == outputs.stamp_at(place)
    )


def _write(run: Run, target: ResolvedJob, place: bytes) -> None:
    from docbatch.core.manifest import lines  # noqa: PLC0415 - most runs change no manifest
    from docbatch.engine.running.manifest.list_outputs import OutputListing  # noqa: PLC0415 - the same

    if run.store.outputs.known([(folded(place), place)]):
        raise SinkError("an output of a document lies there; give the manifest another place")
    project = project_root(run.store.folder)
    listing = OutputListing(run.store, target, os.fsencode(project))
    listing.prove()
    below = place[len(os.fsencode(project)) + 1 :]
    with Tree(project) as tree:
        folder, name = tree.locate(below)
        unfinished = Unfinished(below, folder, name, temporary_name())
        try:
            _fill(unfinished, lines(listing.head(place), listing.documents()))
            stamp = _publish(run, target.name, tree, unfinished)
        except BaseException:
            outputs.discard(unfinished)
            raise
        with suppress(OSError):
            os.fsync(folder)
    run.store.manifests.put(target.name, place, stamp)


def _fill(unfinished: Unfinished, text: Iterable[str]) -> None:
    with open(outputs.create(unfinished), "wb", buffering=_BUFFER) as file:  # noqa: PTH123 - it is open already
        file.writelines(line.encode(errors="replace") for line in text)
        file.flush()
        os.fsync(file.fileno())


def _publish(run: Run, job: str, tree: Tree, unfinished: Unfinished) -> str:
    """Put the file in its place, unless what is there says the same; return the stamp of what is there then."""
    there = find(tree, unfinished.output)
    if there.why is None and there.status is not None and outputs.same(unfinished, there.status.st_size):
        outputs.discard(unfinished)
        return outputs.stamp_of(there.status)
    known = run.store.manifests.get(job)
    expected = None if known is None else known.stamp
    trash = Trash(Path(run.store.folder) / "trash")
    return outputs.publish(unfinished, expected, None, tree=tree, trash=trash)
