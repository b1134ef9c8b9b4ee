"""More than a fifth of a job's outputs does not go without being asked for."""

from docbatch.core.pruning import much_refused


def test_a_fifth_may_go_and_one_more_may_not() -> None:
    assert much_refused({"a": (20, 100)}) is None
    refused = much_refused({"a": (21, 100), "b": (500, 2000), "c": (1, 100)})

    assert refused is not None
    assert refused.exit_code == 6
    assert refused.message.splitlines()[1:] == [
        "  job 'a': 21 of 100 outputs",
        "  job 'b': 500 of 2,000 outputs",
    ]


def test_a_few_outputs_are_never_much() -> None:
    assert much_refused({"a": (10, 10)}) is None
    assert much_refused({"a": (11, 11)}) is not None
    assert much_refused({}) is None
