"""What is due for one document, as case files: what was found beside what is recorded, and the reason in one sentence."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from docbatch.core.changes import FoundDocument, KnownItem, Reason, Recorded, judge
from docbatch.core.models import Failure, FailureClass, ItemStatus

CASES = Path(__file__).parents[1] / "cases" / "changes"


def cases() -> list[Any]:
    return [
        pytest.param(case, id=f"{file.stem}-{number}")
        for file in sorted(CASES.glob("*.yaml"))
        for number, case in enumerate(yaml.safe_load(file.read_text()), start=1)
    ]


def found(given: Mapping[str, Any]) -> FoundDocument:
    if "problem" in given:
        return FoundDocument(b"a.txt", problem=Failure(FailureClass(given["problem"]), "as the scan says"))
    return FoundDocument(b"a.txt", **{"media_type": "text/plain", "size": 1, **given})


def recorded(given: Mapping[str, Any] | None) -> Recorded | None:
    if given is None:
        return None
    usual = {"digest": None, "media_type": "text/plain"}
    status = ItemStatus(given["status"]) if "status" in given else None
    remade = Reason(given["remade"]) if "remade" in given else None
    return Recorded(**{**usual, **given, "status": status, "remade": remade})


def known(given: Mapping[str, Any] | None) -> KnownItem | None:
    if given is None:
        return None
    return KnownItem(ItemStatus(given["status"]), given.get("has_result", False), given.get("passing", False))


@pytest.mark.parametrize("case", cases())
def test_what_is_due_for_a_document(case: Mapping[str, Any]) -> None:
    verdict = judge(found(case["found"]), recorded(case.get("recorded")), known(case.get("known")))

    assert (verdict.kind, verdict.reason) == (case["verdict"], case["because"]), case["reason"]


@pytest.mark.parametrize("case", cases())
def test_the_state_learns_of_it_only_where_something_is_new(case: Mapping[str, Any]) -> None:
    verdict = judge(found(case["found"]), recorded(case.get("recorded")), known(case.get("known")))

    assert verdict.adopt is case.get("adopt", True), case["reason"]


@pytest.mark.parametrize("case", cases())
def test_every_rule_has_its_reason(case: Mapping[str, Any]) -> None:
    assert case["reason"].endswith(".")
    assert len(case["reason"].split()) >= 5


def test_every_reason_about_bytes_has_a_case() -> None:
    elsewhere = {
        Reason.NEW_SINK,
        Reason.MOVED,
        Reason.FORM,
        Reason.MISSING,
        Reason.EDITED,
        Reason.GONE,
        Reason.UNSEEN,
    }
    assert {case.values[0]["because"] for case in cases()} == set(Reason) - elsewhere
