"""What the first word of a warning says."""

import pytest

from docbatch.core.result_warnings import (
    NOTHING_TO_SEE,
    UNNAMED_LOSS,
    WarningKind,
    empty_pages,
    gravest_first,
    kind_of,
    kinds_of,
    losses,
    pages,
)


@pytest.mark.parametrize(
    ("warning", "kind"),
    [
        ("lost: sheet S2: it cannot be read", WarningKind.LOST),
        (UNNAMED_LOSS, WarningKind.LOST),
        (NOTHING_TO_SEE, WarningKind.EMPTY),
        ("empty: page 3 shows nothing", WarningKind.EMPTY_PAGES),
        ("guessed: the characters are those of cp1251", WarningKind.GUESSED),
        ("lost", WarningKind.OTHER),
        ("Lost: not our word", WarningKind.OTHER),
        ("the file was mended", WarningKind.OTHER),
        ("", WarningKind.OTHER),
    ],
)
def test_the_first_word_says_of_what_kind_a_warning_is(warning: str, kind: WarningKind) -> None:
    assert kind_of(warning) is kind


def test_kinds_are_told_once_and_the_gravest_first() -> None:
    warnings = ["mended", "guessed: a", "lost: b", "guessed: c"]

    assert kinds_of(warnings) == (WarningKind.LOST, WarningKind.GUESSED, WarningKind.OTHER)
    assert gravest_first(warnings) == ["lost: b", "guessed: a", "guessed: c", "mended"]
    assert losses(warnings) == ["b"]
    assert kinds_of([]) == ()


def test_pages_are_named_and_of_many_the_first() -> None:
    assert pages([3]) == "page 3"
    assert pages([3, 4, 7]) == "pages 3, 4 and 7"
    assert pages(range(1, 1_023)).endswith("19, 20 and 1,002 more")
    assert empty_pages([3]) == "empty: page 3 shows nothing"
    assert empty_pages([3, 4]) == "empty: pages 3 and 4 show nothing"
