"""The command `docbatch test`."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from docbatch.cli import options
from docbatch.cli.output import say, tell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from docbatch.core.errors import UsageError
    from docbatch.engine.administration.recorded_plans.compare_plans import ComparedPlan


@click.command(name="test")
@options.untrusted
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--update", is_flag=True, help="Record the plans as they are now.")
def command(folder: Path | None, *, update: bool, untrusted: bool) -> int:
    """Compare recorded plans with what the specs come to now. No state, no network, no keys.

    Each folder below FOLDER (tests/plans, in an environment tests/env/NAME/plans) is a case: its plan.txt is the plan of all jobs where nothing is recorded, over the
    documents in documents/ beside it, or else those of the checkout. Ends with 1 where a plan is another.
    """
    from docbatch.cli.counting_status import CountingStatus
    from docbatch.cli.workspace import declared_project
    from docbatch.engine.administration.recorded_plans.compare_plans import compare_plans
    from docbatch.engine.administration.recorded_plans.plan_cases import (
        cases_in,
        first_case,
        plans_folder,
        refuse_readers,
    )
    from docbatch.specs.load import load_jobs

    project = declared_project(untrusted=untrusted)
    jobs = load_jobs(project)
    usual = plans_folder(project.environment.name)
    place = project.root / usual if folder is None else folder
    cases = cases_in(place, project)
    if not cases:
        if not update:
            raise _nothing_recorded(folder, usual)
        cases = [first_case(place, project)]
    refuse_readers(cases, jobs, project)
    found = []
    with contextlib.closing(CountingStatus()) as watch:
        for each in compare_plans(cases, jobs, project, update=update, observe=watch):
            found.append(each)
            _tell(each)
    return _conclude(found)


def _nothing_recorded(folder: Path | None, usual: Path) -> "UsageError":
    from docbatch.core.errors import UsageError

    named = "" if folder is None else f" {folder}"
    return UsageError(
        f"there is no recorded plan in {folder or usual}",
        hint=f"'docbatch test --update{named}' records one",
    )


def _tell(found: "ComparedPlan") -> None:
    from docbatch.core.report import visible
    from docbatch.core.text_difference import text_difference

    # Where nothing was recorded yet, all of it is new, and is in the file.
    is_another = found.recorded and found.recorded != found.now
    names = ("recorded", "now")
    lines = text_difference(found.recorded, found.now, found.case, names) if is_another else ""
    text = f"{found.verdict}: {visible(found.case)}" + (f"\n{lines.rstrip()}" if lines else "")
    tell("case", text, case=found.case, verdict=found.verdict, diff=lines or None)


def _conclude(found: "Sequence[ComparedPlan]") -> int:
    from docbatch.cli import json_lines
    from docbatch.core.report import plural

    unlike = [each for each in found if each.verdict in {"differs", "new"}]
    if json_lines.current() is None:
        others = {(each.made_by, each.making) for each in unlike if each.made_by not in {"", each.making}}
        for made_by, making in sorted(others):
            say(f"\nA new version or new prices may be why:\n{made_by}{making}", nl=False)
        same = len(found) - len(unlike)
        say(f"\n{plural(len(found), 'plan')}: {same:,} as recorded, {len(unlike):,} not")
        if unlike:
            say("'docbatch test --update' records them as they are now, to be reviewed and committed")
    return 1 if unlike else 0
