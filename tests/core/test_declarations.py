"""What changed in a job from one declaration to the next."""

from dataclasses import replace

import pytest

from docbatch.core.declarations import JobDeclaration, declaration_changes
from docbatch.core.models import Operation, Recipe

RECIPE = Recipe("extend", "api.extend.ai/ws", Operation("parse"), {"mode": "fast"}, {"engine": "1"})
OLD = JobDeclaration(RECIPE, {"priority": "50", "timeout": "6 h"}, [("files", "out/a"), ("jsonl", "out/all")])


def told(old: JobDeclaration | None, new: JobDeclaration) -> list[str]:
    return [f"{each.what}: {each.old} -> {each.new}" for each in declaration_changes(old, new)]


@pytest.mark.parametrize(
    ("new", "changes"),
    [
        (OLD, []),
        (replace(OLD, recipe=replace(RECIPE, config={"mode": "best"})), ['config.mode: "fast" -> "best"']),
        (replace(OLD, recipe=replace(RECIPE, provider="other")), ["provider: extend -> other"]),
        (replace(OLD, recipe=replace(RECIPE, pins={"engine": "2"})), ['version.engine: "1" -> "2"']),
        (replace(OLD, settings={**OLD.settings, "priority": "10"}), ["priority: 50 -> 10"]),
        (replace(OLD, settings={**OLD.settings, "window": "night"}), ["window: not set -> night"]),
        (replace(OLD, sinks=[("files", "out/b"), OLD.sinks[1]]), ["sink files: out/a -> out/b"]),
        (replace(OLD, sinks=OLD.sinks[:1]), ["sink jsonl: out/all -> not declared"]),
        (
            replace(OLD, sinks=[*OLD.sinks, ("files", "out/c")]),
            ["sink files: not declared -> out/c"],
        ),
    ],
)
def test_each_change_is_told_with_its_old_and_new_value(new: JobDeclaration, changes: list[str]) -> None:
    assert told(OLD, new) == changes


def test_a_new_job_is_told_as_such_and_nothing_else() -> None:
    assert told(None, OLD) == ["job: not declared -> declared"]


def test_a_job_that_is_declared_again_is_told_so_first() -> None:
    assert told(replace(OLD, sinks=[]), OLD)[0] == "job: no longer declared -> declared"
