"""The command `docbatch plan`."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from docbatch.cli import json_lines, options
from docbatch.cli.chosen_project import open_chosen
from docbatch.cli.output import say, say_json

if TYPE_CHECKING:
    from docbatch import PlanReport

EXAMPLES = {"text": 10, "json": 10, "markdown": 2000, "html": 2000}
"""How many documents of a line a format names, unless it is asked for all: a comment has no room for more."""


@click.command(name="plan")
@options.untrusted
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown", "html"]),
    default="text",
    help="How the plan is written; text when left out.",
)
@click.option(
    "--no-pages", is_flag=True, help="Do not count pages, sheets and cells of the documents to be sent."
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Save the plan for 'docbatch apply --plan FILE'."
)
@options.of_documents
@options.changed
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 when something is due.")
@options.allow
@options.allow_host
@options.offline
@click.option("--verbose", is_flag=True, help="Name documents, the first few of each line.")
@click.option("--all", "everything", is_flag=True, help="List every document instead of the first few.")
def command(
    paths: tuple[Path, ...],
    form: str,
    out: Path | None,
    *,
    allowed: tuple[str, ...],
    allowed_hosts: tuple[str, ...],
    detailed_exitcode: bool,
    everything: bool,
    no_pages: bool,
    offline: bool,
    untrusted: bool,
    verbose: bool,
    **selected: Any,
) -> int:
    """Show what apply would do and why. Writes no state and needs no vendor's key."""
    from docbatch.cli.counting_status import CountingStatus

    with contextlib.closing(CountingStatus()) as watch:
        report = open_chosen(untrusted=untrusted).plan(
            paths or None,
            select=options.chosen(**selected),
            examples=None if everything else EXAMPLES[form],
            out=out,
            allow=allowed,
            pages=not no_pages,
            allow_hosts=allowed_hosts,
            offline=offline,
            on_event=watch,
        )
    _show(report, "json" if json_lines.current() else form, named=verbose or everything)
    if report.objections:
        return 6
    return 2 if detailed_exitcode and report.has_changes else 0


def _show(report: "PlanReport", form: str, *, named: bool) -> None:
    match form:
        case "json":
            from docbatch.core.plan_formats.as_json import plan_json

            say_json(plan_json(report))
        case "markdown":
            from docbatch.core.plan_formats.as_markdown import plan_markdown

            say(plan_markdown(report), nl=False)
        case "html":
            from docbatch.core.plan_formats.as_html import plan_html

            say(plan_html(report), nl=False)
        case _:
            from docbatch.core.plan_formats.as_text import plan_text

            say(plan_text(report, named=named), nl=False)
            if not named and any(line.examples for line in report.lines):
                say("'docbatch plan --verbose' names the documents.")
