"""How values that changed are shown in a plan."""

from docbatch.core.plan_formats.as_json import plan_json
from docbatch.core.plan_formats.as_text import plan_text
from docbatch.core.recipe_changes import Difference
from docbatch.core.report import PlanLine, PlanReport


def test_a_value_that_is_long_is_cut_for_people_and_whole_for_programs() -> None:
    long = Difference("config.schema", "not set", "x" * 500)
    report = PlanReport(
        ("job",), 1, 0, (PlanLine("job", "send", "the job's config changed", 1, values=(long,)),)
    )

    (shown,) = [line for line in plan_text(report).splitlines() if "config.schema" in line]
    (told,) = plan_json(report)["lines"][0]["values"]

    assert shown.strip() == f"config.schema: not set → {'x' * 119}…"
    assert told["new"] == "x" * 500
