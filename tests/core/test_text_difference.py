from docbatch.core.text_difference import text_difference

NAMES = ("before", "after")


def test_lines_that_differ_are_shown_with_some_around_them() -> None:
    before = "".join(f"{number}\n" for number in range(20))

    assert text_difference(before, before.replace("10\n", "ten\n"), "x", NAMES) == (
        "--- x (before)\n+++ x (after)\n@@ -8,7 +8,7 @@\n 7\n 8\n 9\n-10\n+ten\n 11\n 12\n 13\n"
    )


def test_equal_texts_differ_in_nothing() -> None:
    assert text_difference("a\nb", "a\nb", "x", NAMES) == ""


def test_an_end_that_is_missing_is_marked() -> None:
    assert text_difference("a", "a\n", "x", NAMES).splitlines()[3:] == [
        "-a",
        "\\ no line break at the end",
        "+a",
    ]


def test_other_ends_of_lines_are_part_of_the_line() -> None:
    assert "-a\r\n+a\n" in text_difference("a\r\nb\n", "a\nb\n", "x", NAMES)
    assert text_difference("a\x0cb\n", "a\x0cc\n", "x", NAMES).count("\n") == 5
