"""The command `docbatch validate`."""

from pathlib import Path

import click

from docbatch import open_project


@click.command(name="validate")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
def command(paths: tuple[Path, ...]) -> None:
    """Check specs and say every error at once. No network, no keys, no commands."""
    from docbatch.core.report import visible

    project = open_project()
    jobs = project.validate(paths or None)
    names = ", ".join(job.name for job in jobs)
    click.echo(f"valid: {names}" if names else "valid, and empty: there is no job")
    for remark in project.remarks(paths or None):
        click.echo(f"warning: {visible(remark)}", err=True)
    for job in jobs:
        for caution in job.cautions:
            click.echo(f"warning: {caution}", err=True)
