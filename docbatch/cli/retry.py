"""The command `docbatch retry`."""

import click

from docbatch import open_project
from docbatch.cli import completion


@click.command(name="retry")
@click.argument("job", required=False, shell_complete=completion.jobs)
@click.option(
    "--class",
    "classes",
    multiple=True,
    metavar="CLASS",
    help="Only failures of this class, such as timeout; lost for partial documents.",
)
@click.option("--dry-run", is_flag=True, help="Only say which.")
def command(job: str | None, classes: tuple[str, ...], *, dry_run: bool) -> None:
    """Queue failed documents again; the next apply sends them. What has a result is left alone, unless --class lost names it."""
    from docbatch.core.report import visible

    for each in (found := open_project().retry(job, classes=classes, dry_run=dry_run)):
        click.echo(visible(f"{each.path}: {each.reason}"))
    verb = "would be queued" if dry_run else "queued; run 'docbatch apply'"
    click.echo(
        f"{len(found)} {'document' if len(found) == 1 else 'documents'} {verb}"
        if found
        else "nothing to retry"
    )
