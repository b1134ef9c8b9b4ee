"""The command `docbatch plan`."""

import json
from pathlib import Path

import click

from docbatch.cli.output import say
from docbatch.cli.workspace import Workspace


@click.command(name="plan")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Save the plan for 'docbatch apply --plan FILE'."
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 when something is due.")
@click.option("--all", "everything", is_flag=True, help="List every document instead of the first few.")
def command(
    paths: tuple[Path, ...], form: str, out: Path | None, *, detailed_exitcode: bool, everything: bool
) -> int:
    """Show what apply would do and why. Writes no state and needs no key."""
    from docbatch.core.report import plan_json, plan_markdown, plan_text
    from docbatch.engine.planning.plan_report import plan_report
    from docbatch.engine.planning.read_plan import read_plan

    with read_plan(Workspace.here(paths).selection()) as plan:
        report = plan_report(plan, -1 if everything else 10)
        if out is not None:
            from docbatch.engine.planning.plan_file import save

            save(out, Path.cwd(), plan, report, map(str, paths))
    match form:
        case "json":
            say(json.dumps(plan_json(report)))
        case "markdown":
            say(plan_markdown(report), nl=False)
        case _:
            say(plan_text(report), nl=False)
    return 2 if detailed_exitcode and report.has_changes else 0
