"""The command `docbatch plan`."""

import contextlib
from pathlib import Path

import click

from docbatch import open_project
from docbatch.cli import options
from docbatch.cli.output import say, say_json


@click.command(name="plan")
@options.untrusted
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True
)
@click.option(
    "--no-pages", is_flag=True, help="Do not count pages, sheets and cells of the documents to be sent."
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Save the plan for 'docbatch apply --plan FILE'."
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 when something is due.")
@options.allow
@click.option("--all", "everything", is_flag=True, help="List every document instead of the first few.")
def command(
    paths: tuple[Path, ...],
    form: str,
    out: Path | None,
    *,
    allowed: tuple[str, ...],
    detailed_exitcode: bool,
    everything: bool,
    no_pages: bool,
    untrusted: bool,
) -> int:
    """Show what apply would do and why. Writes no state and needs no key."""
    from docbatch.cli.progress import CountingStatus
    from docbatch.core.report import plan_json, plan_markdown, plan_text

    with contextlib.closing(CountingStatus()) as watch:
        report = open_project(untrusted=untrusted).plan(
            paths or None,
            examples=None if everything else 10,
            out=out,
            allow=allowed,
            pages=not no_pages,
            on_event=watch,
        )
    match form:
        case "json":
            say_json(plan_json(report))
        case "markdown":
            say(plan_markdown(report), nl=False)
        case _:
            say(plan_text(report), nl=False)
    if report.objections:
        return 6
    return 2 if detailed_exitcode and report.has_changes else 0
