"""What differs between two ways of processing documents."""

from dataclasses import replace

import pytest

from docbatch.core.changes import Reason
from docbatch.core.models import Operation, Recipe
from docbatch.core.recipe_changes import Difference, differences, why_another

OLD = Recipe(
    "extend", "api.extend.ai/one", Operation.PARSE, {"ocr": "auto", "pages": {"first": 1}}, {"engine": "2"}
)


def test_the_same_way_differs_in_nothing() -> None:
    same = replace(OLD, config={"pages": {"first": 1.0}, "ocr": "auto"})

    assert why_another(OLD, same) is None
    assert list(differences(OLD, same)) == []


@pytest.mark.parametrize(
    ("new", "reason", "changed"),
    [
        (replace(OLD, provider="llamacloud"), Reason.PROVIDER, ("provider", "extend", "llamacloud")),
        (
            replace(OLD, account="api.extend.ai/two"),
            Reason.ACCOUNT,
            ("account", "a workspace at api.extend.ai", "another one at api.extend.ai"),
        ),
        (replace(OLD, operation=Operation.SPLIT), Reason.OPERATION, ("operation", "parse", "split")),
        (
            replace(OLD, config={"ocr": "force", "pages": {"first": 1}}),
            Reason.CONFIG,
            ("config.ocr", '"auto"', '"force"'),
        ),
        (replace(OLD, pins={"engine": "3"}), Reason.VERSION, ("version.engine", '"2"', '"3"')),
    ],
    ids=lambda each: str(each) if isinstance(each, Reason) else "",
)
def test_each_component_has_its_reason_and_its_values(
    new: Recipe, reason: Reason, changed: tuple[str, str, str]
) -> None:
    assert why_another(OLD, new) is reason
    assert list(differences(OLD, new)) == [Difference(*changed)]


def test_fields_are_named_to_their_depth_and_what_is_not_set_is_said() -> None:
    new = replace(OLD, config={"pages": {"first": 1, "last": 9}})

    assert list(differences(OLD, new)) == [
        Difference("config.ocr", '"auto"', "not set"),
        Difference("config.pages.last", "not set", "9"),
    ]


def test_the_first_of_several_is_the_reason() -> None:
    assert why_another(OLD, replace(OLD, operation=Operation.SPLIT, config={}, pins={})) is Reason.OPERATION
