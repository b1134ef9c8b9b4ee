"""The guard finds what a text leaves out, and is not misled by how words are joined or parted."""

import pytest

from docbatch.providers.local import word_guard


def left_out(raw: str, said: str) -> list[str]:
    return [raw[start:end] for start, end in word_guard.left_out(raw, said)]


def test_numbers_are_whole() -> None:
    assert word_guard.words("1.204,50 EUR, 12-34 and 1990\u20131995; A\u20131/2") == [
        "1.204,50", "EUR", "12-34", "and", "1990-1995", "A-1/2",
    ]  # fmt: skip


def test_markdown_and_ways_of_writing_make_no_difference() -> None:
    assert left_out("snake_case \ufb01n it\u2019s a\u0301 B\u20131", "snake\\_case fin it's \xe1 B-1") == []


def test_what_is_said_too_seldom_is_found_on_its_own_line() -> None:
    raw = "see section 1 here\r\nand section 1 there\r\n1"
    said = "see section 1 here and section 1 there"

    (span,) = word_guard.left_out(raw, said)
    assert span == (len(raw) - 1, len(raw))


def test_a_whole_line_is_one_piece_and_two_lines_are_two() -> None:
    assert left_out("kept\r\nlost words 12\r\nmore lost", "kept") == ["lost words 12", "more lost"]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("hyphe\ufffenation", "hyphenation"),
        ("ABC\ufffe123", "ABC-123"),
        ("12-34 items", "**12**-34 items"),
        ("foobar", "foo bar"),
        ("C O N T E N T S", "CONTENTS"),
        ("\u65e5\u672c\u8a9e\r\n\u6587\u5b57", "\u65e5\u672c\u8a9e\u6587\u5b57"),
    ],
)
def test_words_joined_or_parted_otherwise_are_said(raw: str, said: str) -> None:
    assert left_out(raw, said) == []


def test_a_word_lost_inside_a_line_is_found_alone() -> None:
    assert left_out("the sum of 1,204.50 is due", "the sum of is due") == ["1,204.50"]


def test_missing_words_are_told_in_their_order() -> None:
    assert word_guard.missing("one two two three", "two one") == ["two", "three"]


def test_of_lines_alike_the_one_is_left_out_that_lacks_a_word_for_certain() -> None:
    raw = "\r\n".join(f"Paragraph line {number} says the same as all {number}7." for number in range(1, 5))
    said = " ".join(line for line in raw.split("\r\n") if "line 3" not in line)

    assert [raw[start:end] for start, end in word_guard.left_out(raw, said)] == [
        "Paragraph line 3 says the same as all 37"
    ]
