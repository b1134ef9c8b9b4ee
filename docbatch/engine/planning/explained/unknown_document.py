"""What to say of a document that no job has: whether it is left out, and which others may be meant."""

import os
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from pathlib import Path

from docbatch.core.errors import UsageError
from docbatch.engine.planning.plan import Plan
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.naming.pathtext import escape, unescape
from docbatch.sources.documents import Entry

MOST_LOOKED_AT = 100_000
"""Entries of sources that are looked at for one that may be meant."""
MOST_NAMED = 5
_NOT_SELECTED = (
    "no pattern under include: matches it, or one under exclude: does;"
    " what programs leave beside documents, such as locks, has to be named by a pattern"
)
_MOST_RECORDED = 200


def paths_named(target: ResolvedJob, document: str, here: Path) -> Collection[bytes]:
    """Return the paths that may be meant in a job: from `here` first, then from its source's root."""
    source = target.source
    paths = dict.fromkeys((*source.named(str(here / document)), *source.named(document)))
    return [path for path in paths if path.split(b"/")[0] not in {b"", b".."}]


def unknown(document: str, plan: Plan, here: Path) -> UsageError:
    """Return what to tell who named a document that no selected job has."""
    opened = next(_opened(document, plan, here), None)
    if opened is not None:
        return UsageError(
            f"job '{opened[0]}' opens '{document}': what lies in it are its documents",
            hint=f"name one of them, as {escape(opened[1])}!NAME",
        )
    left_out = [
        (target, path)
        for target in plan.targets
        for path in paths_named(target, document, here)
        if target.source.is_there(path)
    ]
    if left_out:
        target, path = left_out[0]
        return UsageError(
            f"job '{target.name}' leaves out '{document}', which is there",
            hint=target.source.why_left_out(path) or _NOT_SELECTED,
        )
    missing = f"no selected job has a document '{document}'"
    meant = list(islice(_meant(document, plan, here), MOST_NAMED + 1))
    if not meant:
        return UsageError(
            missing, hint="name it by its path or its link; specs outside jobs/ are named behind it"
        )
    more = " and others" if len(meant) > MOST_NAMED else ""
    return UsageError(missing, hint=f"did you mean {' or '.join(meant[:MOST_NAMED])}{more}?")


def _opened(document: str, plan: Plan, here: Path) -> Iterator[tuple[str, bytes]]:
    for target in plan.targets:
        for path in paths_named(target, document, here):
            if target.source.is_opened(path):
                yield target.name, path


def _meant(document: str, plan: Plan, here: Path) -> Iterator[str]:
    """Yield documents of that name, those whose folders are alike first, each with its job."""
    wanted = os.path.normpath(unescape(document)).split(b"/")
    if not wanted[-1].strip(b"."):
        return
    found = dict.fromkeys((*_recorded(plan, wanted[-1]), *_there(plan, wanted[-1])))
    shown = {target.name: target for target in plan.targets}
    for job, path in sorted(found, key=lambda each: -_alike(each[1].split(b"/"), wanted)):
        yield f"{_told(shown.get(job), path, here)} (job '{job}')"


def _recorded(plan: Plan, name: bytes) -> Iterable[tuple[str, bytes]]:
    return () if plan.store is None else plan.store.past.ending(name, _MOST_RECORDED)


def _there(plan: Plan, name: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield what sources have now, as far as a bounded look goes."""
    folded = escape(name).casefold()
    for target in plan.targets:
        for entry in islice(target.source.entries(), MOST_LOOKED_AT):
            if isinstance(entry, Entry) and escape(entry.path.rpartition(b"/")[2]).casefold() == folded:
                yield target.name, entry.path


def _alike(path: list[bytes], wanted: list[bytes]) -> int:
    """Return how many names two paths have in common at their ends."""
    same = 0
    for one, other in zip(reversed(path), reversed(wanted), strict=False):
        if one.lower() != other.lower():
            break
        same += 1
    return same


def _told(target: ResolvedJob | None, path: bytes, here: Path) -> str:
    """Return a document's path from where the command was given, or from its source where it is no file."""
    file = None if target is None else target.source.file(path)
    return escape(path) if file is None else escape(os.fsencode(os.path.relpath(os.fsdecode(file), here)))
