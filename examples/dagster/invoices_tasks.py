"""The steps of a pipeline on docbatch, for any scheduler: each takes the project's folder and returns plain values.

They run on the machine that has the project and its state. Killed and run again, each goes on and pays for nothing twice.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import docbatch

DONE, DOCUMENTS_FAILED, NOT_THROUGH = 0, 3, 4
TRIED_AGAIN = (1, 11)
"""A service or a disk that did not do its part, and another run that is at work."""


class TryAgain(Exception):
    """It may go well the next time."""


class Decide(Exception):
    """Somebody has to look: the same again would end the same."""


def planned(folder: str) -> dict[str, int | str | bool]:
    """Return whether something is due, how many documents would be paid for, and what an approval would have to say."""
    with told():
        plan = docbatch.open_project(folder).plan()
    return {"due": plan.has_changes, "documents": plan.send_items, "approval": plan.approval or ""}


def sent(folder: str, approval: str = "") -> dict[str, int]:
    """Send what is due, wait for none of it, and return how many documents stand where."""
    with told():
        outcome = docbatch.open_project(folder).apply(wait=False, approve=approval or None)
    judge(outcome, (DONE, DOCUMENTS_FAILED, NOT_THROUGH))
    return standing(folder)


def collected(folder: str) -> bool:
    """Collect what is ready and send nothing; say whether all is through. Raises Decide where documents failed."""
    with told():
        outcome = docbatch.open_project(folder).apply(wait=False, max_new=0)
    judge(outcome, (DONE, NOT_THROUGH))
    return outcome.exit_code == DONE


def standing(folder: str) -> dict[str, int]:
    jobs = docbatch.open_project(folder).status().jobs
    return {f"{job.job}: {status}": count for job in jobs for status, count in job.tally.items()}


def judge(outcome: docbatch.ApplyOutcome, fine: tuple[int, ...]) -> None:
    if outcome.exit_code in fine:
        return
    failed = [f"{path}: {message}" for job in outcome.jobs for path, _, _, message in job.failures]
    said = [error.message for error in outcome.errors] or [f"documents failed: {'; '.join(failed)}"]
    raise (TryAgain if outcome.exit_code in TRIED_AGAIN else Decide)(said[0])


@contextmanager
def told() -> Iterator[None]:
    """Sort what docbatch raises by what a scheduler should do about it."""
    try:
        yield
    except docbatch.DocbatchError as error:
        kind = TryAgain if error.exit_code in TRIED_AGAIN else Decide
        raise kind(f"{error.message} ({error.hint})" if error.hint else error.message) from error
