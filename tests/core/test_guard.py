from collections.abc import Callable

import pytest

from docbatch.core.errors import GuardRefused
from docbatch.core.guard import refuse_collisions, refuse_empty


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
