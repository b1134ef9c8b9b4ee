"""The command `docbatch state mv`."""

import shlex

import click

from docbatch.cli import completion, json_lines
from docbatch.cli.output import say, tell
from docbatch.cli.workspace import state_folder

_DRY_RUN = click.option("--dry-run", is_flag=True, help="Only say what would change.")


@click.group(name="mv")
def move() -> None:
    """Have what is recorded follow a job, a document or a connection that is called otherwise from now on.

    Without it a new name costs nothing either: what was paid is known by its content. But outputs, limits and costs stay
    with the old one.
    """


@move.command(name="job")
@click.argument("old", shell_complete=completion.jobs)
@click.argument("new")
@_DRY_RUN
def move_job(old: str, new: str, *, dry_run: bool) -> None:
    """Rename a job, as it was renamed in its spec: its documents, outputs, costs and failures."""
    from docbatch.core.report import plural
    from docbatch.engine.administration.renaming import move_records

    documents = move_records.move_job(state_folder(), old, new, dry_run=dry_run)
    _tell(f"job {old}, {plural(documents, 'document')}", new, ("job", new, old), dry_run=dry_run)


@move.command(name="document")
@click.argument("job", shell_complete=completion.jobs)
@click.argument("old")
@click.argument("new")
@_DRY_RUN
def move_document(job: str, old: str, new: str, *, dry_run: bool) -> None:
    """Give a document of a job another path, as the file was renamed: its outputs, failures and past."""
    from docbatch.core.report import plural
    from docbatch.engine.administration.renaming import move_records

    rows = move_records.move_document(state_folder(), job, old, new, dry_run=dry_run)
    _tell(f"{job}: {old}, in {plural(rows, 'place')}", new, ("document", job, new, old), dry_run=dry_run)


@move.command(name="connection")
@click.argument("old")
@click.argument("new")
@_DRY_RUN
def move_connection(old: str, new: str, *, dry_run: bool) -> None:
    """Rename a connection, as it was renamed in docbatch.yaml: its work at the vendor, costs and hindrances."""
    from docbatch.core.report import plural
    from docbatch.engine.administration.renaming import move_records

    rows = move_records.move_connection(state_folder(), old, new, dry_run=dry_run)
    _tell(f"connection {old}, in {plural(rows, 'place')}", new, ("connection", new, old), dry_run=dry_run)


def _tell(what: str, new: str, undo: tuple[str, ...], *, dry_run: bool) -> None:
    from docbatch.core.report import visible

    verb = "would be" if dry_run else "is"
    kind, *_, old = undo
    tell(
        "moved",
        visible(f"{what}, {verb} {new} from now on"),
        kind=kind,
        old=old,
        new=new,
        dry_run=dry_run,
        undo=["docbatch", "state", "mv", *undo],
    )
    if not dry_run and json_lines.current() is None:
        say(visible(f"'docbatch state mv {shlex.join(undo)}' undoes it"))
