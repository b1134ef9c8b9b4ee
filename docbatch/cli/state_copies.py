"""The commands of `docbatch state` that make copies of it and bring them back."""

from pathlib import Path

import click

from docbatch.cli.output import say, tell


@click.command(name="backup")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--without-results", is_flag=True, help="Copy the state alone; results that it names are not in it."
)
@click.option("--replace", is_flag=True, help="Write in the place of a file that is there.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
def backup(file: Path, *, without_results: bool, replace: bool, as_json: bool) -> int:
    """Copy the state and all its results into one file, as they are at this moment, also while a run goes on."""
    from dataclasses import asdict

    from docbatch.cli.workspace import declared_project
    from docbatch.core.report import human, plural
    from docbatch.engine.administration.backups.write_backup import BackupOrder, write_backup

    project = declared_project()
    order = BackupOrder(project.state_folder, file, project.mark, not without_results, replace)
    made = write_backup(order)
    if as_json:
        tell("backup", None, file=str(file), has_results=order.has_results, **asdict(made))
        return 1 if made.missing else 0
    results = f"{plural(made.results, 'result')} {human(made.results_size)}"
    if without_results:
        results = f"none of the {plural(made.results, 'result')} it names"
    say(f"wrote {file}: {human(made.size)}; state {human(made.state_size)}, {results}")
    if made.missing:
        say(
            f"{plural(len(made.missing), 'file')} of results could not be read, and what lies there is not in it: {made.missing[0]};"
            " 'docbatch state check --repair', then 'docbatch apply', brings back what can be",
            err=True,
        )
    return 1 if made.missing else 0


@click.command(name="restore")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--other-project", is_flag=True, help="Also where the backup is of another project.")
@click.option("--dry-run", is_flag=True, help="Read and check all of it, and only say what would change.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
def restore(file: Path, *, other_project: bool, dry_run: bool, as_json: bool) -> None:
    """Bring back the state and the results of a backup. What is there now is kept beside.

    FILE is what 'docbatch state backup' wrote, with results or without, a file state.db.before-N, or the folder in which an
    earlier restore kept what was there.
    """
    from dataclasses import asdict

    from docbatch.cli.workspace import declared_project
    from docbatch.core.report import plural
    from docbatch.engine.administration.backups.restore_backup import RestoreOrder, restore

    project = declared_project()
    order = RestoreOrder(project.state_folder, file, project.mark, other_project, dry_run)
    done = restore(order)
    if as_json:
        kept = done.kept and str(done.kept.relative_to(project.root))
        tell("restore", None, file=str(file), dry_run=dry_run, **{**asdict(done), "kept": kept})
        return
    made = "" if done.facts is None else f", made {done.facts.made} by docbatch {done.facts.docbatch}"
    what = f"{plural(done.documents, 'document')} and {plural(done.results, 'result')}{made}; {plural(done.files, 'file')} of results in it"
    if dry_run:
        say(f"{file} is whole: {what}")
        say("Nothing was changed.")
        return
    say(f"brought back: {what}, {done.there} of them here already")
    if done.missing:
        say(
            f"{plural(len(done.missing), 'pack')} of results is neither here nor in it, such as {done.missing[0]}:"
            " 'docbatch apply' brings back what can be"
        )
    if done.kept is None:
        say("there was no state before")
    else:
        kept = done.kept.relative_to(project.root)
        say(
            f"what was there is kept: 'docbatch state restore {kept}' brings it back; remove {kept} once you are content"
        )
    _say_what_follows()


@click.command(name="dump")
@click.option("--out", metavar="FILE", type=click.Path(path_type=Path), help="Write into this new file.")
def dump(out: Path | None) -> None:
    """Write the state as lines of JSON, in an order that stays, also while a run goes on. Results are not in it."""
    from docbatch.cli.workspace import declared_project
    from docbatch.engine.administration.backups import dump_state

    project = declared_project()
    folder = project.state_folder
    if out is None:
        dump_state.dump(folder, project.mark, lambda line: say(line.decode(), nl=False))
        return
    dump_state.dump_to(folder, project.mark, out)
    say(f"wrote {out}")


@click.command(name="load")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--other-project", is_flag=True, help="Also where the dump is of another project.")
@click.option("--dry-run", is_flag=True, help="Read and check all of it, and change nothing.")
def load(file: Path, *, other_project: bool, dry_run: bool) -> None:
    """Make the state that 'docbatch state dump' wrote, where there is none."""
    from docbatch.cli.workspace import declared_project
    from docbatch.core.report import plural
    from docbatch.engine.administration.backups import dump_state
    from docbatch.engine.administration.backups.restore_backup import RestoreOrder

    project = declared_project()
    folder = project.state_folder
    rows = dump_state.load(RestoreOrder(folder, file, project.mark, other_project, dry_run))
    tell("loaded", None, file=str(file), rows=rows, dry_run=dry_run)
    if dry_run:
        say(f"{file} is whole: {plural(rows, 'row')}")
        say("Nothing was changed.")
        return
    say(
        f"the state holds {plural(rows, 'row')}; to undo this, remove {(folder / 'state.db').relative_to(project.root)}"
    )
    _say_what_follows()


def _say_what_follows() -> None:
    say(
        "run 'docbatch recover' before anything is sent to a vendor; work of this machine goes on with 'docbatch apply'"
    )
