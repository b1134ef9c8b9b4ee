from collections.abc import Mapping

import pytest

from docbatch.core.acceptances import Acceptance, AcceptedDocuments, FormerAcceptance, over_text

DAY = 86_400.0
SAID = Acceptance("blank pages", "ann@host", 0.0)
WAIVED = Acceptance("blank pages", "ann@host", 0.0, until=2 * DAY)


@pytest.mark.parametrize(
    ("said", "now", "word", "text"),
    [
        (SAID, 9 * DAY, "accepted", "accepted by ann@host on 1970-01-01: blank pages"),
        (WAIVED, DAY, "waived", "waived until 1970-01-03 00:00:00 UTC, by ann@host on 1970-01-01: blank pages"),
        (WAIVED, 2 * DAY, "over", "the waiver ended 1970-01-03 00:00:00 UTC, by ann@host on 1970-01-01: blank pages"),
    ],
)  # fmt: skip
def test_what_was_said_of_a_failure(said: Acceptance, now: float, word: str, text: str) -> None:
    assert (said.word(now), said.text(now)) == (word, text)
    assert said.is_over(now) == (word == "over")
    assert said.values(now) == {
        "as": word,
        "reason": "blank pages",
        "who": "ann@host",
        "at": "1970-01-01T00:00:00Z",
        "until": said.until and "1970-01-03T00:00:00Z",
    }


@pytest.mark.parametrize(
    ("accepted", "waived", "standing", "counted", "text"),
    [
        ({}, {}, {"failed": 3}, {"failed": 3}, ""),
        ({"failed": 2}, {}, {"failed": 3}, {"failed": 1}, ", 2 of them accepted"),
        ({"failed": 1}, {"failed": 1}, {"failed": 3}, {"failed": 1}, ", 2 of them accepted (1 of these for a while)"),
        ({}, {"failed": 2}, {"failed": 3}, {"failed": 1}, ", 2 of them accepted (for a while)"),
        ({"failed": 3}, {}, {"failed": 3}, {}, ", all of them accepted"),
        ({"failed": 1}, {}, {"failed": 1}, {}, ", accepted"),
        ({}, {"failed": 1}, {"failed": 1, "held": 2, "live": 1}, {}, ", accepted (for a while)"),
        ({}, {}, {"partial": 1, "problem": 2}, {"partial": 1, "problem": 2}, ""),
    ],
)  # fmt: skip
def test_what_counts_and_how_it_is_said(
    accepted: Mapping[str, int],
    waived: Mapping[str, int],
    standing: Mapping[str, int],
    counted: Mapping[str, int],
    text: str,
) -> None:
    documents = AcceptedDocuments(accepted, waived)

    assert documents.counted(standing) == counted
    assert documents.text("failed", standing.get("failed", 0)) == text


def test_a_job_may_accept_partial_documents() -> None:
    documents = AcceptedDocuments.under("accept")

    assert documents.counted({"partial": 4, "failed": 1}) == {"failed": 1}
    assert documents.text("partial", 4) == ", which the job accepts"
    assert documents.text("failed", 1) == ""
    assert AcceptedDocuments.under("report").counted({"partial": 4}) == {"partial": 4}


def test_what_a_plan_says() -> None:
    assert list(AcceptedDocuments().notes("a")) == []
    assert list(AcceptedDocuments({"failed": 2}, {"partial": 1}, over=3).notes("a")) == [
        "job 'a': of the documents that failed earlier or are partial, 2 accepted and 1 waived",
        "job 'a': the waivers of 3 documents have ended: they count as failed again",
    ]
    assert over_text(1) == "the waiver of 1 document has ended: it counts as failed again"
    assert AcceptedDocuments(over=1).values() == {"accepted": {}, "waived": {}, "over": 1, "by_job": False}


@pytest.mark.parametrize(
    ("until", "word", "text"),
    [
        (None, "accepted", "accepted"),
        (1_700_086_400.0, "waived", "waived until 2023-11-15 22:13:20 UTC"),
    ],
)
def test_what_was_said_before_of_a_failure(until: float | None, word: str, text: str) -> None:
    former = FormerAcceptance(
        Acceptance("blank", "somebody", 1_700_000_000.0, until), "empty", 1_700_003_600.0, "another"
    )

    values = former.values()

    assert (values["as"], values["class"], values["ended_by"]) == (word, "empty", "another")
    assert values["ended"] == "2023-11-14T23:13:20Z"
    assert former.text() == f"earlier {text} by somebody on 2023-11-14: blank; ended by another on 2023-11-14"
