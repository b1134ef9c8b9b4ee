"""What the scorer of the bench of content makes of pairs of a truth and a reading."""

import pytest
from fidelity import marks
from fidelity.score import Score, score, words
from fidelity.truth import PARTIAL, SUCCEEDED, Reading, Truth


def of(
    truth: Truth, markdown: str, outcome: str = SUCCEEDED, *warnings: str, text: str | None = None
) -> Score:
    return score(truth, Reading(markdown, text, outcome, warnings))[0]


def test_a_whole_reading_has_full_marks() -> None:
    truth = Truth("Über uns\nWir zahlen 1.250,00 €\na b\n1 2", ("Über uns",), ((("a", "b"), ("1", "2")),))
    found = of(truth, "# Über uns\n\nWir *zahlen* 1.250,00 €\n\n| a | b |\n|---|---|\n| 1 | 2 |\n")

    assert found.recall == found.precision == found.digits == found.unicode == 1
    assert found.headings == found.cells == found.rel == found.order == found.outcome == 1
    assert found.false_headings == 0


def test_words_count_as_often_as_they_stand() -> None:
    found = of(Truth("to be or not to be 7"), "to be or not 8")

    assert found.recall == pytest.approx(4 / 7)
    assert found.precision == pytest.approx(4 / 5)
    assert found.digits == 0


def test_a_number_is_there_exactly_or_not_at_all() -> None:
    assert of(Truth("No. 2024-00017, A–1"), "No. 2024-00017, A-1").digits == pytest.approx(1 / 2)


def test_characters_beyond_ascii_are_those_of_the_document() -> None:
    assert of(Truth("“Größe” – 5 €"), '"Größe" - 5 €').unicode == pytest.approx(3 / 6)


def test_what_looks_the_same_is_the_same() -> None:
    assert of(Truth("of\ufb01ce e\u0301t\u00e9 1\u00a0000"), "office \u00e9te\u0301 1 000").recall == 1


def test_order_is_the_longest_run_in_order() -> None:
    truth = Truth("one two three four five six")

    assert of(truth, "four five six one two three").order == pytest.approx(1 / 2)
    assert of(
        truth, "one two three four five six", text="six five four three two one"
    ).text_order == pytest.approx(1 / 6)


def test_repeated_words_are_ordered_by_the_words_beside_them() -> None:
    assert of(Truth("a b a c b c a"), "a b a c b c a").order == 1


def test_lines_aside_must_be_there_and_have_no_place() -> None:
    truth = Truth("one two three", aside="Page 7")

    assert of(truth, "one Page 7 two three").order == 1
    assert of(truth, "one two three").recall == pytest.approx(3 / 5)


def test_what_is_allowed_is_no_surplus_and_not_asked_for() -> None:
    truth = Truth("one two", allowed="x")

    assert (of(truth, "one two x").precision, of(truth, "one two").recall) == (1, 1)
    assert of(truth, "one two x x").precision == pytest.approx(3 / 4)


def test_headings_stand_alone() -> None:
    found = of(Truth("A\nB", ("A", "B")), "# A B\n\nB\n=\n")

    assert (found.headings, found.false_headings) == (1 / 2, 1 / 2)


def test_neighbours_are_found_where_they_stand_side_by_side() -> None:
    truth = Truth("a b c 1 2 3", tables=((("a", "b", "c"), ("1", "2", "3")),))
    found = of(truth, "| a | b | c |\n|--|--|--|\n| 1 | 3 | 2 |")

    assert found.cells == 1
    assert found.rel == pytest.approx(3 / 7)


def test_empty_cells_do_not_part_neighbours_and_merged_ones_may_be_repeated() -> None:
    truth = Truth("a b c", tables=((("a", "", "b"), ("c", "", "")),))

    assert of(truth, "| a | a | b |\n|--|--|--|\n| c | | |").rel == 1


def test_tables_in_html_and_bars_in_cells_are_read() -> None:
    assert marks.tables(r"| a \| b | c |") == [[["a | b", "c"]]]
    assert marks.tables("<table><tr><td>a<br>b</td><th>c</th></tr></table>") == [[["a b", "c"]]]


def test_marks_are_no_words() -> None:
    markdown = "- [x] **bold** [link](http://a.b/c(d)) ![](img.png) `code` <b>x</b> &amp; 1\\. 10**6 snake_case_name <stdio.h>"

    assert words(marks.plain(markdown)) == [
        "bold",
        "link",
        "code",
        "x",
        "1",
        "10**6",
        "snake_case_name",
        "stdio.h",
    ]


def test_scripts_without_spaces_are_counted_by_characters() -> None:
    assert words("東京 は 12") == ["東", "京", "は", "12"]


@pytest.mark.parametrize(
    ("outcome", "warnings", "right"),
    [
        (SUCCEEDED, (), 0),
        (PARTIAL, (), 0),
        (PARTIAL, ("sheet Second is missing",), 1),
        ("failed:corrupt", ("second",), 0),
    ],
)
def test_an_outcome_is_right_with_what_must_be_named(
    outcome: str, warnings: tuple[str, ...], right: int
) -> None:
    assert (
        of(Truth("x 1", outcomes=(PARTIAL,), named=("Second",)), "x 1", outcome, *warnings).outcome == right
    )


def test_what_must_not_be_there_and_what_must_match_decide_the_outcome() -> None:
    assert of(Truth("kept", absent=("struck",)), "kept struck").outcome == 0
    assert of(Truth("agree", patterns=(r"\[x\] agree",)), "[ ] agree").outcome == 0
    assert of(Truth("agree", patterns=(r"\[x\] agree",)), "[x] agree").outcome == 1


def test_a_success_without_what_makes_it_whole_is_none() -> None:
    truth = Truth("one", allowed="two", outcomes=(SUCCEEDED, PARTIAL), whole=("two",))

    assert (of(truth, "one").outcome, of(truth, "one two").outcome, of(truth, "one", PARTIAL).outcome) == (
        0,
        1,
        1,
    )


def test_a_document_that_may_stay_unread_has_no_figures_when_that_is_said() -> None:
    truth = Truth("Größe", outcomes=(SUCCEEDED, PARTIAL), excused=True)

    assert of(truth, "", PARTIAL) == Score(outcome=1)
    assert of(truth, "", SUCCEEDED).recall == 0


def test_a_reader_without_outcomes_has_none() -> None:
    assert of(Truth("x"), "x", "").outcome is None


def test_what_is_missing_is_told() -> None:
    truth = Truth("Größe 12", ("Größe",), ((("Größe", "12"),),))
    missing = score(truth, Reading("13", outcome=SUCCEEDED))[1]

    assert (missing.words, missing.characters, missing.surplus) == (("Größe", "12"), "öß", ("13",))
    assert (missing.headings, missing.relations) == (("Größe",), (("Größe", "12", "right"),))
