import pytest

from docbatch.core.errors import GuardRefused
from docbatch.core.guard import refuse_collisions, refuse_empty


def test_a_source_that_matches_something_is_fine() -> None:
    refuse_empty("job", found=1, before=0, allow_empty=False)


def test_an_empty_source_is_fine_where_the_spec_says_so() -> None:
    refuse_empty("job", found=0, before=9, allow_empty=True)


def test_a_source_that_matched_before_and_matches_nothing_now_is_refused() -> None:
    with pytest.raises(GuardRefused, match=r"'job'.*matched 9 documents before") as refused:
        refuse_empty("job", found=0, before=9, allow_empty=False)

    assert refused.value.exit_code == 6
    assert "allow_empty: true" in str(refused.value.hint)


def test_a_source_that_never_matched_anything_is_refused() -> None:
    with pytest.raises(GuardRefused, match=r"'job'.*matches nothing") as refused:
        refuse_empty("job", found=0, before=0, allow_empty=False)

    assert "include" in str(refused.value.hint)


def test_distinct_outputs_are_fine() -> None:
    refuse_collisions([])


def test_a_collision_names_the_output_and_both_documents() -> None:
    with pytest.raises(GuardRefused, match=r"a\.md: wanted by job: a\.pdf and by job: a\.docx") as refused:
        refuse_collisions([("a.md", "job: a.pdf", "job: a.docx")])

    assert "nothing was sent" in str(refused.value.hint)
    assert "more" not in str(refused.value)


def test_as_many_collisions_as_are_shown_are_all_there_is() -> None:
    with pytest.raises(GuardRefused) as refused:
        refuse_collisions([(f"{number}.md", "one", "other") for number in range(5)])

    assert "more" not in refused.value.message


def test_many_collisions_are_counted_and_the_first_are_named() -> None:
    pairs = [(f"{number}.md", "one", "other") for number in range(7)]

    with pytest.raises(GuardRefused, match="and 2 more") as refused:
        refuse_collisions(pairs)

    assert "4.md" in refused.value.message
    assert "5.md" not in refused.value.message
