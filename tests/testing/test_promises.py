"""Each promise of the contract is seen to be broken by a provider that breaks it, and by the example it is not."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pigeon import VENDOR

from docbatch.testing import Matrix, ProviderContract, Vendor, attempt
from docbatch.testing.promises import PROMISES, judge
from tests.testing.faulty import FAULTY

BROKEN = {
    "it_is_what_its_kind_declares": {"Renamed": "declares the type 'pigeon', and the provider says 'crow'"},
    "it_looks_as_long_as_it_is_told": {"Hasty": "its traits believe in absence after 1 look(s)"},
    "opening_and_closing_ask_for_nothing": {
        "Eager": "1 requests were sent before anything was asked for",
        "ClosesOnce": "closing it raised AttributeError",
    },
    "steps_are_pure": {"RandomSteps": "the same batch gave other steps"},
    "render_is_pure": {"RandomRequest": "has other bytes the second time"},
    "perform_may_be_repeated": {"PaysWhilePreparing": "preparing a batch was paid for"},
    "preparing_in_trouble_is_tried_later": {"GivesUpPreparing": "a step raised Refused"},
    "a_lost_answer_is_uncertain": {
        "Resends": "create sent its request 2 times where the answer was 'lost': documents were paid twice",
        "Refuses": "create raised Refused",
    },
    "what_was_not_taken_on_is_said_to_be_unknown_or_not_sent": {
        "Resends": "create sent its request 2 times where it was answered with '500_before'",
        "Refuses": "create raised Refused",
    },
    "the_same_key_gives_the_same_work": {"Keyless": "the same key was paid twice, for ['a.txt', 'b.txt'"},
    "a_look_finds_what_was_sent": {"Blind": "a look does not find the work whose answer was lost"},
    "absence_needs_a_witness": {"Believes": "a look claims a witness at a vendor that has nothing of ours"},
    "a_look_in_trouble_is_no_absence": {
        "BelievesInTrouble": "a look says that the work is not there, and it is",
        "TellsItsKey": "a key is readable in an error of the type Unavailable",
    },
    "looks_tell_the_vendors_time": {
        "Timeless": "a look does not tell when it was answered",
        "OwnTime": "a survey tells another time than the vendor does",
    },
    "a_survey_shows_this_projects_work": {
        "ShowsOthers": "which is not work of this project",
        "ShowsOnePage": "a survey does not show",
        "ShowsAPart": "a survey shows only a part and says nothing of it",
    },
    "what_a_survey_shows_can_be_recalled": {"RecallsAPart": "these would be sent and paid again"},
    "unknown_work_is_not_taken_for_failed": {"FailsWhatIsUnknown": "says how documents ended"},
    "every_document_ends": {"Loses": "no poll ever said what became of d.txt: it would be waited for without end"},
    "polls_may_be_repeated": {"TellsOnce": "a process that starts anew is not told what became of a.txt"},
    "polling_in_trouble_loses_nothing": {"FailsInTrouble": "a poll says that a.txt failed"},
    "each_result_is_that_of_its_document": {"Confuses": " lacks ['"},
    "fetching_in_trouble_is_tried_later": {"LosesResults": "a fetch raised Gone"},
    "read_refuses_rubbish": {"Trusting": "read raised TypeError"},
    "results_can_be_written": {
        "Misattributed": "says that it comes from type='crow'",
        "Discreet": "offers the warnings ('guessed: the order of the pages',), and its result has ()",
        "Tight": "is partial, and no warning of it begins with 'lost:'",
    },
    "cancelling_may_be_repeated": {"CancelsOnce": "cancelling again raised KeyError"},
    "discarding_takes_nothing_else": {"DiscardsAll": "after another submission was discarded, the fetch for"},
}  # fmt: skip
CASES = [(promise, name, told) for promise, found in BROKEN.items() for name, told in found.items()]


def faulty(name: str) -> Vendor[Any]:
    return replace(VENDOR, kind=f"tests.testing.faulty:KIND_{name}", patience=0.3)


def test_every_promise_and_every_fault_has_its_row() -> None:
    assert list(BROKEN) == [promise.name for promise in PROMISES]
    assert {name for _, name, _ in CASES} == set(FAULTY)


@pytest.mark.parametrize(("name", "fault", "told"), CASES)
def test_a_broken_promise_is_told(tmp_path: Path, name: str, fault: str, told: str) -> None:
    (promise,) = [each for each in PROMISES if each.name == name]

    assert [each for each in judge(faulty(fault), promise, tmp_path) if told in each]


def test_a_vendor_that_names_no_request_that_costs_money_is_told(tmp_path: Path) -> None:
    nothing = replace(VENDOR, kind="docbatch_pigeon:KIND", creates=lambda _request: False)
    (promise,) = [each for each in PROMISES if each.name == "a_lost_answer_is_uncertain"]

    assert judge(nothing, promise, tmp_path / "contract") == [
        "create sent no request that the Vendor's `creates` knows"
    ]
    with pytest.raises(AssertionError, match="none costs money, says the Vendor's `creates`"):
        _ = Matrix(nothing, tmp_path / "matrix").create


def test_a_command_without_an_end_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt, "ENDLESS", 1.0)

    with pytest.raises(AssertionError, match="'docbatch apply --yes' did not come to an end within 1 s"):
        _ = Matrix(faulty("Loses"), tmp_path).undisturbed


def test_what_keeps_a_promise_from_being_judged_is_told_with_it(tmp_path: Path) -> None:
    def write(*_: object) -> None:
        raise ZeroDivisionError("no project")

    class Unwritable(ProviderContract):
        vendor = replace(VENDOR, write=write)

    with pytest.raises(AssertionError) as told:
        Unwritable().test_promise(PROMISES[0], tmp_path)
    assert str(told.value) == f"{PROMISES[0].sentence}\n  - ZeroDivisionError: no project"
