"""The command `docbatch resolve`."""

import click

from docbatch.cli.output import say, tell
from docbatch.cli.workspace import state_folder


@click.command(name="resolve")
@click.argument("submission")
@click.option("--remote-id", metavar="ID", help="It exists at the vendor under this id; follow it.")
@click.option(
    "--absent", is_flag=True, help="You made sure that it does not exist; its documents may be sent again."
)
@click.option(
    "--give-up",
    is_flag=True,
    help="It hangs at the vendor, which does not stop it: wait for it no longer. It may have been charged.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
def command(submission: str, remote_id: str | None, *, absent: bool, give_up: bool, dry_run: bool) -> None:
    """Settle by hand what cannot be found out: a held submission, after a look at the vendor's own list of work, or one that hangs.

    Nothing undoes this: the next apply acts on what you say. Look with --dry-run first.
    """
    from docbatch.engine.administration.edit_state import resolve

    if [absent, remote_id is not None, give_up].count(True) != 1:
        raise click.UsageError("say one of --remote-id ID, --absent and --give-up")
    if give_up:
        _give_up(submission, dry_run=dry_run)
        return
    documents = resolve(state_folder(), submission, remote_id, dry_run=dry_run)
    what = f"follows {remote_id}" if remote_id else "counts as never sent; its documents are queued again"
    would = "would be settled: it " if dry_run else ""
    tell(
        "resolved",
        f"submission {submission} {would}{what} ({documents} documents)",
        submission=submission,
        remote_id=remote_id,
        absent=absent,
        documents=documents,
        dry_run=dry_run,
    )


def _give_up(submission: str, *, dry_run: bool) -> None:
    from docbatch.core.report import plural, visible
    from docbatch.engine.administration.edit_state import give_up

    known, documents = give_up(state_folder(), submission, dry_run=dry_run)
    verb, count = ("would be", "would count") if dry_run else ("is", "counts" if documents == 1 else "count")
    tell(
        "given_up",
        f"submission {submission} {verb} given up: {plural(documents, 'document')} {count} as failed",
        submission=submission,
        connection=known.connection,
        remote_id=known.remote_id,
        documents=documents,
        dry_run=dry_run,
    )
    remote = visible(known.remote_id or "run by run, without an id of the whole")
    say(
        f"  connection {known.connection} may still work on them and charge for them ({remote}); their results are not fetched"
    )
    say("  'docbatch retry' sends them again, and what the vendor finishes is then paid twice")
