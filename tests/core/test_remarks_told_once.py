"""What is said of several jobs in the same words is said once."""

from docbatch.core.report import remarks_told_once


def told(*remarks: tuple[str, str]) -> list[str]:
    return list(remarks_told_once(remarks))


def test_a_sentence_about_one_job_stays_as_it_is() -> None:
    assert told(("a", "job 'a': this"), ("a", "job 'a': that")) == ["job 'a': this", "job 'a': that"]


def test_several_jobs_are_named_together() -> None:
    remarks = [(name, f"job '{name}': this") for name in ("a", "b", "c")]

    assert told(*remarks[:2]) == ["jobs 'a' and 'b': this"]
    assert told(*remarks, ("c", "job 'c': that")) == ["jobs 'a', 'b' and 'c': this", "job 'c': that"]


def test_of_many_the_first_are_named() -> None:
    remarks = [(f"job{number}", f"job 'job{number}': this") for number in range(1_203)]

    assert told(*remarks) == ["jobs 'job0', 'job1' and 1,201 more: this"]


def test_what_begins_otherwise_is_said_once() -> None:
    assert told(("a", "no network"), ("b", "no network")) == ["no network"]
