"""What selectors mean, and how they are typed."""

from typing import Any

import pytest

from docbatch.core.selectors import EVERYTHING, DocumentStanding, DocumentState, Selectors

NOW = 1000.0


@pytest.mark.parametrize(
    ("given", "of_jobs", "of_documents", "ask_standing"),
    [
        ({}, False, False, False),
        ({"jobs": ["a"]}, True, False, False),
        ({"labels": {"team": "finance"}}, True, False, False),
        ({"paths": ["in/**"]}, False, True, False),
        ({"states": ["failed"]}, False, True, True),
        ({"changed": True}, False, True, True),
        ({"failed": True}, False, True, True),
        ({"older_than": 0.0}, False, True, True),
    ],
)
def test_what_is_selected_by(
    given: dict[str, Any], of_jobs: bool, of_documents: bool, ask_standing: bool
) -> None:
    selectors = Selectors(**given)

    assert (selectors.are_of_jobs, selectors.are_of_documents) == (of_jobs, of_documents)
    assert selectors.ask_standing == ask_standing
    assert selectors.are_any == (of_jobs or of_documents)


def test_selectors_as_they_are_typed() -> None:
    selectors = Selectors(
        jobs=["a", "b"],
        paths=["in/**"],
        labels={"team": ("finance", "legal"), "env": "prod"},
        states=["failed"],
        changed=True,
        failed=True,
        older_than=90.0,
    )

    assert selectors.options == (
        ' --job a --job b --path "in/**" --label team=finance --label team=legal --label env=prod'
        " --state failed --changed --failed --older-than 90s"
    )
    assert EVERYTHING.options == ""


@pytest.mark.parametrize(
    ("asked", "labels", "meant"),
    [
        ({}, {}, True),
        ({"team": "finance"}, {"team": "finance"}, True),
        ({"team": "finance"}, {"team": "legal"}, False),
        ({"team": "finance"}, {}, False),
        ({"team": ("finance", "legal")}, {"team": "legal"}, True),
        ({"team": "finance", "env": "prod"}, {"team": "finance", "env": "prod"}, True),
        ({"team": "finance", "env": "prod"}, {"team": "finance", "env": "test"}, False),
    ],
)
def test_of_one_label_one_value_is_enough_and_of_several_labels_each_has_to_be_there(
    asked: dict[str, Any], labels: dict[str, str], meant: bool
) -> None:
    assert Selectors(labels=asked).have(labels) == meant


@pytest.mark.parametrize(
    ("given", "standing", "meant"),
    [
        ({}, {}, True),
        ({"states": ["new"]}, {}, True),
        ({"states": ["failed", "partial"]}, {"state": "partial"}, True),
        ({"states": ["failed"]}, {"state": "held"}, False),
        ({"changed": True}, {"changed": True}, True),
        ({"changed": True}, {}, False),
        ({"failed": True}, {"fails": True}, True),
        ({"failed": True}, {"state": "failed"}, False),
        ({"older_than": 60.0}, {"last": NOW - 61}, True),
        ({"older_than": 60.0}, {"last": NOW - 60}, False),
        ({"older_than": 60.0}, {"last": 0.0}, True),
        ({"older_than": 60.0}, {"last": None}, False),
        ({"states": ["failed"], "failed": True}, {"state": "failed", "fails": True}, True),
        ({"states": ["failed"], "failed": True, "changed": True}, {"state": "failed", "fails": True}, False),
    ],
)
def test_what_fits_has_all_that_is_asked_for(
    given: dict[str, Any], standing: dict[str, Any], meant: bool
) -> None:
    assert Selectors(**given).fit(DocumentStanding(**standing), NOW) == meant


def test_the_states_are_those_that_reports_name_and_new() -> None:
    from docbatch.core.run_reports.values import STATUSES

    assert {str(each) for each in DocumentState} == {*STATUSES, "new"}
