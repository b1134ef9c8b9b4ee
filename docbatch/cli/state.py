"""The command `docbatch state`."""

from typing import TYPE_CHECKING

import click

from docbatch.cli import completion, json_lines
from docbatch.cli.options import duration
from docbatch.cli.output import say, say_json, tell
from docbatch.cli.state_copies import backup, dump, load, restore
from docbatch.cli.state_moves import move
from docbatch.cli.state_places import migrate, unlock
from docbatch.cli.workspace import existing, state_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from docbatch.engine.administration.check_state import StateFault


@click.group(name="state")
def command() -> None:
    """Look at the state, check it, back it up."""


@command.command(name="list")
@click.argument("job", required=False, shell_complete=completion.jobs)
def list_documents(job: str | None) -> None:
    """List documents: job, path, status."""
    from docbatch.core.report import visible
    from docbatch.engine.administration.edit_state import named_jobs
    from docbatch.naming.pathtext import escape

    with existing(state_folder()) as store:
        for name in named_jobs(store, job):
            for path, _, _, status, *_ in store.documents.stream(name):
                shown, is_now = escape(path), status or "problem"
                tell(
                    "document",
                    f"{name}\t{visible(shown)}\t{is_now}",
                    job=name,
                    path=shown,
                    status=is_now,
                )


@command.command(name="show")
@click.argument("identity")
def show(identity: str) -> None:
    """Show a submission with its history, or an item by its key or the key's beginning."""
    from docbatch.engine.administration.show_record import show_record

    with existing(state_folder()) as store:
        found = show_record(store, identity)
    if json_lines.current() is None:
        say_json(found, indent=2)
    else:
        tell("record", None, record=found)


@command.command(name="rm")
@click.argument("job", shell_complete=completion.jobs)
@click.argument("path")
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
def remove(job: str, path: str, *, dry_run: bool) -> None:
    """Let the state forget that a document is wanted. What was paid for it stays known; its outputs stay.

    Where its file is there, the next apply takes it up again, which costs nothing.
    """
    from docbatch.engine.administration.edit_state import forget

    status = forget(state_folder(), job, path, dry_run=dry_run)
    verb = "would be" if dry_run else "is"
    tell(
        "document",
        f"{job}: {path} ({status}) {verb} forgotten",
        job=job,
        path=path,
        status=status,
        dry_run=dry_run,
    )
    if not dry_run:
        say("where its file is there, 'docbatch apply' takes it up again")


for each in (backup, restore, dump, load, move, migrate, unlock):
    command.add_command(each)


@command.command(name="compact")
@click.option("--dry-run", is_flag=True, help="Only say what would be rewritten.")
@click.option(
    "--older-than",
    metavar="DURATION",
    help="Also let results go of removed and former documents that nothing has wanted for longer than this, such as 90d.",
)
def compact(*, dry_run: bool, older_than: str | None) -> None:
    """Let go of stored results that no document and no output needs any more, and put small packs of them together.

    Results of documents that a job wants are never let go. Those of others are kept, so that a document that comes back is
    not paid again, unless --older-than says for how long.

    Nothing undoes this but a backup that was made before. Look with --dry-run first.
    """
    from docbatch.core.report import human, plural
    from docbatch.engine.administration.compact_spool import compact as rewrite

    seconds = None if older_than is None else duration("--older-than", older_than)
    done = rewrite(state_folder(), dry_run=dry_run, older_than=seconds)
    tell("compacted", None, dry_run=dry_run, **done._asdict())
    if json_lines.current() is not None:
        return
    if not done.packs:
        say(f"the spool takes {human(done.before)}, and nothing of it is worth rewriting")
        return
    rewritten, are = ("would be rewritten", "would be") if dry_run else ("rewritten", "are")
    dropped = f"; {plural(done.dropped, 'result')} that nothing needs {are} let go" if done.dropped else ""
    say(f"{plural(done.packs, 'pack')} {rewritten}: {human(done.before)} {are} {human(done.after)}{dropped}")
    if done.damaged:
        say(
            f"{plural(done.damaged, 'result')} could not be read; 'docbatch state check --repair', then 'docbatch apply', brings them back"
        )
    if done.waits:
        say("another command reads results; what was rewritten is removed by the next apply")


@command.command(name="check")
@click.option(
    "--repair",
    is_flag=True,
    help="Have the next apply bring back lost results, and compare documents and outputs anew.",
)
@click.option("--dry-run", is_flag=True, help="With --repair: only say what would be mended.")
def check(*, repair: bool, dry_run: bool) -> int:
    """Check the state file, its checksums and histories, and every result in the spool. Changes nothing without --repair.

    Nothing undoes a repair but a backup that was made before; nothing that is paid depends on what it mends.
    """
    from docbatch.core.report import plural, visible
    from docbatch.engine.administration.check_state import check as find

    wrong = list(find(state_folder()))
    for fault in wrong:
        tell("fault", visible(fault.sentence), message=fault.sentence, decides_about_money=fault.decides_about_money,
             is_free=fault.is_free)  # fmt: skip
    say(f"{plural(len(wrong), 'fault')} found" if wrong else "the state is sound")
    if any(fault.decides_about_money for fault in wrong):
        say(
            "what decides about money is not mended: 'docbatch state restore FILE' brings back a backup, or move .docbatch/state.db"
            " away; 'docbatch recover' then takes over what was sent"
        )
    if repair:
        _mend(wrong, dry_run=dry_run)
    elif any(fault.item is not None or fault.is_free for fault in wrong):
        say(
            "run 'docbatch state check --repair', then 'docbatch apply': lost results are brought back, and what is recorded"
            " of documents and outputs is compared with the files"
        )
    return 1 if wrong else 0


def _mend(wrong: "Sequence[StateFault]", *, dry_run: bool) -> None:
    """Mend what costs nothing, or say what that would be."""
    from docbatch.core.report import plural
    from docbatch.engine.administration.check_state import repair as mend

    lost = {fault.item for fault in wrong if fault.item is not None}
    has_free = any(fault.is_free for fault in wrong)
    is_kept = any(fault.is_kept for fault in wrong)
    if not (lost or has_free or is_kept):
        return
    again = mend(state_folder(), lost, dry_run=dry_run)
    if again:
        say(f"{plural(again, 'result')} {'would be ' if dry_run else ''}found again in other packs")
    if dry_run:
        if len(lost) > again:
            say(f"{plural(len(lost) - again, 'result')} would be brought back by the apply that follows")
        if has_free:
            say(
                "what is recorded of documents and outputs would be taken as it is, and compared with the files"
            )
        say("nothing was changed")
        return
    if len(lost) > again:
        say(f"{plural(len(lost) - again, 'result')} will be brought back; run 'docbatch apply'")
    if has_free:
        say("what is recorded of documents and outputs is taken as it is; run 'docbatch apply'")
