"""The command `docbatch resolve`."""

import click

from docbatch.cli.workspace import state_folder


@click.command(name="resolve")
@click.argument("submission")
@click.option("--remote-id", metavar="ID", help="It exists at the vendor under this id; follow it.")
@click.option(
    "--absent", is_flag=True, help="You made sure that it does not exist; its documents may be sent again."
)
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
def command(submission: str, remote_id: str | None, *, absent: bool, dry_run: bool) -> None:
    """Settle a held submission by hand, after a look at the vendor's own list of work."""
    from docbatch.engine.administration.edit_state import resolve

    if absent == (remote_id is not None):
        raise click.UsageError("say either --remote-id ID or --absent")
    documents = resolve(state_folder(), submission, remote_id, dry_run=dry_run)
    what = f"follows {remote_id}" if remote_id else "counts as never sent; its documents are queued again"
    click.echo(
        f"submission {submission} {'would be settled: it ' if dry_run else ''}{what} ({documents} documents)"
    )
