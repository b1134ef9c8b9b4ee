"""What is kept of warnings, which are text of strangers."""

import json

from docbatch.core.result_warnings import NOTHING_TO_SEE, UNNAMED_LOSS
from docbatch.engine.reading.told_warnings import LONGEST, MOST, told_warnings


def test_what_is_partial_has_a_reason() -> None:
    assert told_warnings([], partial=True) == (UNNAMED_LOSS,)
    assert told_warnings(["guessed: a"], partial=True) == (UNNAMED_LOSS, "guessed: a")
    assert told_warnings(["guessed: a", "lost: b"], partial=True) == ("lost: b", "guessed: a")
    assert told_warnings([], partial=False) == ()


def test_few_are_kept_the_gravest_of_them_and_how_many_there_are() -> None:
    warnings = [*(f"guessed: {number}" for number in range(1_000)), "lost: the sheet"]

    told = told_warnings(warnings, partial=True)

    assert len(told) == MOST
    assert told[0] == "lost: the sheet"
    assert told[-1] == "and 982 more warnings; results in the format json name them all"
    assert told_warnings(told, partial=True) == told


def test_each_is_short_one_line_and_no_credential() -> None:
    signed = "https://bucket.example/a.png?X-Amz-Signature=planted"
    nasty = ["lost: " + "x" * 5_000, f"guessed: {signed}", "a\x1b[2Jb\nc\u202e", "half \ud800 of a letter", 7]

    told = told_warnings(nasty, partial=True)

    assert max(map(len, told)) == LONGEST
    assert "planted" not in json.dumps(told)
    assert all(each.isprintable() for each in told)
    assert len(told) == 4


def test_an_empty_document_stays_recognisable() -> None:
    assert told_warnings([NOTHING_TO_SEE], partial=False) == (NOTHING_TO_SEE,)
