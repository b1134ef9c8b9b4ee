"""The command `docbatch validate`."""

from pathlib import Path

import click

from docbatch import open_project
from docbatch.cli import json_lines, options
from docbatch.cli.output import say, tell


@click.command(name="validate")
@options.untrusted
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
def command(paths: tuple[Path, ...], *, untrusted: bool) -> None:
    """Check specs and say every error at once. No network, no keys, no commands."""
    project = open_project(untrusted=untrusted)
    jobs = project.validate(paths or None)
    if json_lines.current() is None:
        names = ", ".join(job.name for job in jobs)
        say(f"valid: {names}" if names else "valid, and empty: there is no job")
    for job in jobs:
        tell("job", None, job=job.name, connection=job.connection)
    for remark in project.remarks(paths or None):
        say(f"warning: {remark}", err=True)
        tell("warning", None, message=str(remark))
    for job in jobs:
        for caution in job.cautions:
            say(f"warning: {caution}", err=True)
            tell("warning", None, job=job.name, message=str(caution))
