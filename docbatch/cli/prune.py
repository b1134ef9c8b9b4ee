"""The command `docbatch prune`."""

import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from docbatch.cli import completion
from docbatch.cli.options import allow_host, duration
from docbatch.cli.output import say, say_json
from docbatch.cli.workspace import state_folder

if TYPE_CHECKING:
    from docbatch.core.errors import DocbatchError
    from docbatch.engine.administration.outputs.prune_outputs import PrunedOutput, Pruning
    from docbatch.engine.administration.outputs.pruned_stores import PrunedStores

VERSION = "docbatch/prune/v1"
NEWEST = "newest"
KEPT_FOR = "30d"
NO_TIME = ("0s", "0m", "0h", "0d")


@click.command(name="prune")
@click.option("--job", metavar="JOB", shell_complete=completion.jobs, help="Only outputs of this job.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--yes", is_flag=True, help="Do not ask before anything is moved or deleted.")
@click.option(
    "--allow",
    "allowed",
    multiple=True,
    type=click.Choice(["pruned"]),
    help="pruned: let more than 20 % of a job's outputs go this once.",
)
@click.option("--list", "listed", is_flag=True, help="Show which prunes can be taken back.")
@click.option(
    "--restore",
    "restored",
    is_flag=False,
    flag_value=NEWEST,
    metavar="[ID|PATH]",
    help="Put back what a prune took: all of the newest, of the one with this ID, or the output at PATH.",
)
@click.option(
    "--empty-trash",
    is_flag=True,
    help="Delete for good what has been in the trash for long, here and in stores.",
)
@click.option(
    "--older-than",
    metavar="DURATION",
    default=KEPT_FOR,
    show_default=True,
    help="With --empty-trash: only what has been there for longer; 0s is all of it.",
)
@allow_host
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines instead of text.")
def command(
    *,
    job: str | None,
    dry_run: bool,
    yes: bool,
    allowed: tuple[str, ...],
    listed: bool,
    restored: str | None,
    empty_trash: bool,
    older_than: str,
    allowed_hosts: tuple[str, ...],
    as_json: bool,
) -> None:
    """Remove outputs that nothing wants any more: of removed documents, of jobs and sinks that are gone.

    Only what is as docbatch wrote it goes; edited files stay, and are named. All of it is moved to .docbatch/trash, or in a
    store to .docbatch-trash/, and 'docbatch prune --restore' puts it back. Stored results and what was paid are not touched.
    """
    if [listed, restored is not None, empty_trash].count(True) > 1:
        raise click.UsageError("say one of --list, --restore and --empty-trash")
    if listed:
        _list(as_json=as_json)
    elif restored is not None:
        _restore(None if restored == NEWEST else restored, allowed_hosts, dry_run=dry_run, as_json=as_json)
    elif empty_trash:
        seconds = 0.0 if older_than in NO_TIME else duration("--older-than", older_than)
        _empty(seconds, allowed_hosts, dry_run=dry_run, yes=yes, as_json=as_json)
    else:
        _prune(job, allowed_hosts, much="pruned" in allowed, dry_run=dry_run, yes=yes, as_json=as_json)


def _prune(
    job: str | None, hosts: Sequence[str], *, much: bool, dry_run: bool, yes: bool, as_json: bool
) -> None:
    from docbatch.cli.workspace import declared_project
    from docbatch.engine.administration.held_rows.held_places import DeclaredSinks
    from docbatch.engine.administration.outputs.prune_outputs import PruneOrder, prune
    from docbatch.specs.load import load_jobs

    project = declared_project()
    jobs = load_jobs(project)
    declared = {each.name: each.manifest for each in jobs}
    folder = project.state_folder
    order = PruneOrder(
        *(folder, declared, project.mark, job),
        may_be_much=much,
        dry_run=dry_run,
        stores=project.stores,
        allowed_hosts=hosts,
        sinks=DeclaredSinks(lambda: jobs, project.mark),
    )

    def agree(found: "Pruning") -> bool:
        if not as_json:
            _preview(found, dry_run=dry_run, much=much)
        refused = found.refusal is not None and not much
        if dry_run or yes or refused or not found.number or not sys.stdin.isatty():
            return True
        return click.confirm("Move them to the trash?", err=True)

    done = prune(order, agree)
    if as_json:
        _json(done, dry_run=dry_run)
    elif not dry_run:
        _conclude(done)
    _raise(done.trouble)


def _raise(trouble: "DocbatchError | None") -> None:
    """Once all is told that was done, say what could not be."""
    if trouble is not None:
        raise trouble


def _stores(hosts: Sequence[str]) -> "PrunedStores":
    from docbatch.cli.workspace import declared_project
    from docbatch.engine.administration.held_rows.held_places import DeclaredSinks
    from docbatch.engine.administration.outputs.pruned_stores import PrunedStores
    from docbatch.specs.load import load_jobs

    project = declared_project()
    sinks = DeclaredSinks(partial(load_jobs, project), project.mark)
    return PrunedStores(project.stores, project.root, hosts, sinks)


def _preview(found: "Pruning", *, dry_run: bool, much: bool) -> None:
    from docbatch.core.report import plural, visible

    for note in found.notes:
        say(visible(f"note: {note}"))
    if dry_run:
        for each in found.stay:
            say(_line(each))
    for each in found.first:
        say(_line(each, "would be removed" if dry_run else "to be removed"))
    if found.number > len(found.first):
        say(f"and {plural(found.number - len(found.first), 'other')}")
    for (job, why), number in sorted(found.removed.items()):
        say(visible(f"{job}: {plural(number, 'output')}, {why}"))
    if not found.number:
        if found.trouble is None:
            say("nothing is left over that could be removed")
        return
    will = "would be" if dry_run else "to be"
    say(f"{_number(found)} {will} moved to .docbatch/trash{_in_stores(found)}")
    if dry_run and found.refusal is not None and not much:
        say(found.refusal.message)
        say("  this would be refused; '--allow pruned' lets it pass where that is meant")


def _number(found: "Pruning") -> str:
    """Say how much goes: files and objects with their bytes, and of how many documents rows."""
    from docbatch.core.report import human, plural, visible

    number = found.number - found.rows.total()
    files = [f"{plural(number, 'output')}, {human(found.size)},"] if number else []
    rows = [f"rows of {plural(each, 'document')} in {place}" for place, each in sorted(found.rows.items())]
    return visible(" and ".join([*files, *rows]))


def _in_stores(found: "Pruning") -> str:
    """Say how much goes to the trash of stores instead, where any does."""
    which = "" if found.stored == found.number else f"{found.stored:,} of them "
    return f"; {which}in a store to .docbatch-trash/ there" if found.stored else ""


def _line(each: "PrunedOutput", verb: str = "stays") -> str:
    from docbatch.core.report import visible

    whose = f"{each.job}: {each.document}" if each.document else each.job
    return visible(f"{verb}: {each.path} ({whose}): {each.why}")


def _conclude(done: "Pruning") -> None:
    from docbatch.core.report import plural

    for each in done.stay:
        say(_line(each))
    if done.declined:
        say("Nothing was removed.")
    elif done.number:
        folders = f" and {plural(done.folders, 'empty folder')} removed" if done.folders else ""
        say(f"{_number(done)} moved to .docbatch/trash/{done.batch}{_in_stores(done)}{folders}")
        say(f"  'docbatch prune --restore {done.batch}' puts them back")


def _json(done: "Pruning", *, dry_run: bool) -> None:
    for note in done.notes:
        say_json({"version": VERSION, "type": "note", "message": note})
    for each in done.stay:
        say_json({"version": VERSION, "type": "output", **each._asdict()})
    counts = [
        {"job": job, "why": why, "outputs": number} for (job, why), number in sorted(done.removed.items())
    ]
    refusal = None if done.refusal is None else done.refusal.message
    summary = {
        "removed": 0 if done.declined else done.number,
        "size": done.size,
        "rows": 0 if done.declined else done.rows.total(),
        "stay": len(done.stay),
        "folders": done.folders,
        "batch": done.batch,
        "jobs": counts,
        "refusal": refusal,
        "dry_run": dry_run,
        "declined": done.declined,
    }
    say_json({"version": VERSION, "type": "summary", **summary, "exit_code": 0})


def _list(*, as_json: bool) -> None:
    from docbatch.core.report import plural
    from docbatch.engine.administration.outputs.trash_batches import batches

    counted = [(batch.name, sum(1 for _ in batch.taken())) for batch in batches(state_folder() / "trash")]
    # One that a kill left empty has nothing to put back.
    found = [(name, number) for name, number in counted if number]
    if as_json:
        for name, number in found:
            say_json({"version": VERSION, "type": "batch", "batch": name, "outputs": number})
        say_json({"version": VERSION, "type": "summary", "batches": len(found), "exit_code": 0})
        return
    for name, number in found:
        say(f"{name}\t{plural(number, 'output')}")
    if not found:
        say("no prune has left anything in .docbatch/trash")


def _restore(what: str | None, hosts: Sequence[str], *, dry_run: bool, as_json: bool) -> None:
    from docbatch.core.report import plural, visible
    from docbatch.engine.administration.outputs.restore_outputs import restore

    found = restore(state_folder(), what, here=Path.cwd(), stores=_stores(hosts), dry_run=dry_run)
    if as_json:
        for each in found.stay:
            say_json({"version": VERSION, "type": "output", **each._asdict()})
        numbers = {"restored": len(found.restored), "stay": len(found.stay), "dry_run": dry_run}
        say_json({"version": VERSION, "type": "summary", **numbers, "exit_code": 0})
        _raise(found.trouble)
        return
    for each in found.stay:
        say(visible(f"stays in the trash: {each.path}: {each.why}"))
    verb = "would be put back" if dry_run else "put back"
    say(f"{plural(len(found.restored), 'output')} {verb}")
    _raise(found.trouble)


def _empty(seconds: float, hosts: Sequence[str], *, dry_run: bool, yes: bool, as_json: bool) -> None:
    from docbatch.core.report import human, plural
    from docbatch.engine.administration.outputs.restore_outputs import Emptying, empty_trash

    until = time.time() - seconds

    def told(found: Emptying) -> str:
        stored = f", {plural(found.stored, 'object')} in stores among them" if found.stored else ""
        things = f"{plural(found.batches, 'prune')} and {plural(found.things, 'other thing')}"
        return f"{things}, {human(found.size)}{stored}"

    found = empty_trash(state_folder(), until, stores=_stores(hosts), dry_run=True)
    is_any = bool(found.batches or found.things)
    if is_any and not (dry_run or yes or as_json) and sys.stdin.isatty():
        say(f"{told(found)}, to be deleted from the trash")
        if not click.confirm("Delete them for good?", err=True):
            say("Nothing was deleted.")
            return
    if is_any and not dry_run:
        found = empty_trash(state_folder(), until, stores=_stores(hosts), dry_run=False)
    if as_json:
        numbers = {"batches": found.batches, "things": found.things, "size": found.size, "dry_run": dry_run}
        say_json({"version": VERSION, "type": "summary", **numbers, "exit_code": 0})
    elif not is_any:
        say("nothing has been in the trash for that long")
    else:
        say(f"{told(found)}, {'would be deleted' if dry_run else 'deleted'} from the trash")
    _raise(found.trouble)
