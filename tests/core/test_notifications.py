"""What others are told of a run, as text and as values."""

from docbatch.core.notifications import (
    VERSION,
    NotedCost,
    NotedFailure,
    NotedJob,
    Notification,
    Occasion,
    occasions,
)


def test_each_occasion_needs_its_own_reason() -> None:
    assert tuple(occasions(is_end=False, goes_wrong=False, is_stopped=False)) == ()
    assert tuple(occasions(is_end=True, goes_wrong=True, is_stopped=True)) == tuple(Occasion)


def test_costs_and_errors_are_told_and_say_nothing_to_slack() -> None:
    told = Notification(
        "p",
        (Occasion.FINISHED,),
        5,
        0,
        spent=(
            NotedCost("a", 3, 1.5, 9, exact=True),
            NotedCost("b", 1, 0, 20, exact=False),
            NotedCost("c", 3, None, 4, exact=True, unknown=1),
            NotedCost("d", 2, None, None, exact=True, unknown=2),
        ),
        errors=("the limit *of* <!here> @all is reached",),
    )

    assert told.text().splitlines() == [
        "`p`: stopped by a limit (exit code 5)",
        "sent to `a`: 3 documents, 1.50 USD",
        "sent to `b`: 1 document, at most 20 credits",
        "sent to `c`: 3 documents, 4 credits; of 1 document that is not known",
        "sent to `d`: 2 documents, what that costs is not known",
        "error: the limit *\u200bof*\u200b &lt;!here&gt; \u200b@\u200ball is reached",
    ]
    assert told.values()["version"] == VERSION


def test_long_lists_and_names_are_cut() -> None:
    failures = tuple(NotedFailure("x" * 500, "failed", "corrupt") for _ in range(40))
    jobs = tuple(NotedJob(f"job{number}", 40, {"failed": 40}, failures) for number in range(12))
    text = Notification("p", (Occasion.FAILURES,), 99, 40, jobs).text()

    assert text.startswith("`p`: ended (exit code 99)")
    assert "and 2 more jobs" in text
    assert len(text) < 3000
