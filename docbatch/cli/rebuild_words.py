"""What `docbatch recover` says of results that lie in outputs."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from docbatch.cli import json_lines
from docbatch.cli.output import say, tell

if TYPE_CHECKING:
    from docbatch.engine.administration.rebuilding.rebuild_results import (
        RebuildWatch,
        Rebuilt,
        RebuiltJob,
        UnprovenResult,
    )

MOST_NAMED = 20
"""How many documents of a job are named on a terminal; with --json all are."""


def rebuild_watch(*, ask: bool) -> "RebuildWatch":
    from docbatch.core.report import visible
    from docbatch.engine.administration.rebuilding.rebuild_results import RebuildWatch

    named = Counter[str]()

    def agree(jobs: Sequence["RebuiltJob"]) -> bool:
        if not (ask and sys.stdin.isatty()):
            return True
        for each in jobs:
            say(visible(f"{each.place}: lists results of {_documents(each.lacking)} that lack theirs"))
        return click.confirm("Take back what their outputs prove?", err=True)

    def show(each: "UnprovenResult") -> None:
        named[each.job] += 1
        if json_lines.current() is None and named[each.job] > MOST_NAMED:
            return
        what = f"{each.job}: {each.path}: its result cannot be taken back: {each.why}"
        tell("unproven", visible(what), job=each.job, path=each.path, why=each.why)

    return RebuildWatch(agree, show)


def rebuilt_lines(rebuilt: "Rebuilt", *, is_sure: bool, dry_run: bool) -> Iterator[str]:
    """Tell what came of each manifest; yield sentences about all of them. `is_sure` says that all vendors' work is known."""
    for each in rebuilt.jobs:
        _tell(each, dry_run=dry_run)
    if rebuilt.declined or not rebuilt.jobs:
        return
    if rebuilt.still_lacking:
        yield _still_lacking(rebuilt.still_lacking, is_sure=is_sure)
    if rebuilt.kept is not None:
        place = f".docbatch/{rebuilt.kept.name}"
        yield f"'docbatch apply' delivers what was taken back; 'docbatch state restore {place}' undoes it"


def _tell(job: "RebuiltJob", *, dry_run: bool) -> None:
    from docbatch.core.report import visible

    taken = "would be taken back" if dry_run else "taken back"
    counts = (
        (f"{job.taken:,} {taken}", job.taken),
        (f"{job.known:,} known already", job.known),
        (f"{job.unproven:,} without proof", job.unproven),
        (f"{job.foreign:,} that no job wants as they were read", job.foreign),
    )
    what = ", ".join(text for text, some in counts if some) or "nothing"
    told = f"{_documents(job.documents)}: {what}" if job.is_there else "there is no manifest"
    if job.foreign and job.changed:
        told += f"; what is another since: {'; '.join(job.changed)}"
    if job.versions:
        versions = ", ".join(f"{name} {version}" for name, version in sorted(job.versions.items()))
        told += f"; the job has its versions from it: {versions}"
    tell(
        "manifest",
        visible(f"{job.place}: {told}"),
        job=job.job,
        path=job.place,
        documents=job.documents,
        taken=job.taken,
        known=job.known,
        unproven=job.unproven,
        foreign=job.foreign,
        changed=job.changed,
        versions=dict(job.versions),
        found=job.is_there,
    )


def _still_lacking(count: int, *, is_sure: bool) -> str:
    have, them = ("has", "it") if count == 1 else ("have", "them")
    where = ", in no output and at no vendor:" if is_sure else ": where no vendor has one either,"
    return f"{_documents(count)} {have} no result{where} apply sends {them}, and a paid provider charges for {them}"


def _documents(count: int) -> str:
    from docbatch.core.report import plural

    return plural(count, "document")
