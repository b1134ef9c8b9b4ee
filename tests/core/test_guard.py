from collections.abc import Callable

import pytest

from docbatch.core.errors import GuardRefused
from docbatch.core.guard import (
    Replaced,
    refuse_blocked,
    refuse_collisions,
    refuse_empty,
    refuse_nested,
    refuse_replaced,
    refuse_shared,
)


def refused(guard: Callable[[], None]) -> bool:
    try:
        guard()
    except GuardRefused:
        return True
    return False


@pytest.mark.parametrize("before", [0, 1, 9])
@pytest.mark.parametrize("found", [0, 1])
@pytest.mark.parametrize("allow_empty", [False, True])
def test_only_an_empty_source_is_refused_and_only_where_the_spec_does_not_allow_it(
    found: int, before: int, *, allow_empty: bool
) -> None:
    wanted = found == 0 and not allow_empty

    assert refused(lambda: refuse_empty("job", found=found, before=before, allow_empty=allow_empty)) is wanted


def test_a_source_that_matched_before_and_matches_nothing_now_is_refused() -> None:
    with pytest.raises(GuardRefused, match=r"'job'.*matched 9 documents before") as raised:
        refuse_empty("job", found=0, before=9, allow_empty=False)

    assert raised.value.exit_code == 6
    assert "allow_empty: true" in str(raised.value.hint)


def test_a_source_that_never_matched_anything_is_refused() -> None:
    with pytest.raises(GuardRefused, match=r"'job'.*matches nothing") as raised:
        refuse_empty("job", found=0, before=0, allow_empty=False)

    assert "include" in str(raised.value.hint)


@pytest.mark.parametrize("pairs", [[], [("a.md", "one", "other")]])
def test_distinct_outputs_are_fine(pairs: list[tuple[str, str, str]]) -> None:
    assert refused(lambda: refuse_collisions(pairs)) is bool(pairs)


def test_a_collision_names_the_output_and_both_documents() -> None:
    with pytest.raises(GuardRefused, match=r"a\.md: wanted by job: a\.pdf and by job: a\.docx") as raised:
        refuse_collisions([("a.md", "job: a.pdf", "job: a.docx")])

    assert "nothing was sent" in str(raised.value.hint)
    assert "more" not in str(raised.value)


def test_as_many_collisions_as_are_shown_are_all_there_is() -> None:
    with pytest.raises(GuardRefused) as raised:
        refuse_collisions([(f"{number}.md", "one", "other") for number in range(5)])

    assert "more" not in raised.value.message


def test_many_collisions_are_counted_and_the_first_are_named() -> None:
    pairs = [(f"{number}.md", "one", "other") for number in range(7)]

    with pytest.raises(GuardRefused, match="and 2 more") as raised:
        refuse_collisions(pairs)

    assert "4.md" in raised.value.message
    assert "5.md" not in raised.value.message


def test_an_empty_source_is_refused_with_what_was_sought() -> None:
    for before in (0, 9):
        with pytest.raises(GuardRefused, match=r"matches nothing( now)?: 'x' below \\x1b"):
            refuse_empty("job", found=0, before=before, allow_empty=False, sought="'x' below \x1b")


def test_an_output_that_is_a_folder_is_named_with_what_lies_in_it() -> None:
    refuse_nested([])
    with pytest.raises(GuardRefused, match=r"out/a \(job: a\) and out/a/b \(job: a/b\)"):
        refuse_nested([("out/a", "job: a", "out/a/b", "job: a/b")])
    with pytest.raises(GuardRefused, match=r"out/a: wanted by one: a and by other: a"):
        refuse_nested([("out/a", "one: a", "out/a", "other: a")])


def test_what_is_no_file_is_named_with_what_it_is() -> None:
    refuse_blocked([])
    with pytest.raises(GuardRefused, match=r"out/a \(job: a\): a folder is there"):
        refuse_blocked([("out/a", "job: a", "a folder is there")])


@pytest.mark.parametrize("is_first", [True, False])
def test_files_of_others_need_a_word(*, is_first: bool) -> None:
    found = [("out/a", "job: a"), ("out/b", "job: b")]

    assert refuse_replaced([], 0, (), is_first=is_first) == Replaced()
    assert refuse_replaced(found, 7, {"overwritten"}, is_first=is_first) == Replaced(7, "out/a")
    with pytest.raises(GuardRefused, match="and 5 more") as raised:
        refuse_replaced(found, 7, {"shared"}, is_first=is_first)
    assert ("docbatch recover" in str(raised.value.hint)) is is_first


def test_a_folder_of_another_project_needs_a_word() -> None:
    refuse_shared("out", "the project p", {"shared"})
    with pytest.raises(GuardRefused, match="out: the project p writes to this folder as well") as raised:
        refuse_shared("out", "the project p", {"overwritten"})
    assert "--allow shared" in str(raised.value.hint)
