"""What is wrong in a place that many jobs have, told once."""

from collections.abc import Iterable
from dataclasses import replace

from docbatch.core.errors import Problem


def told_once(problems: Iterable[Problem], *, is_all: bool = True) -> list[Problem]:
    """Return the problems, each that several jobs have once, with how many; `is_all` says that nothing was left unread."""
    jobs: dict[Problem, dict[str, None]] = {}
    order: list[Problem] = []
    for problem in problems:
        bare = replace(problem, job="") if problem.job else problem
        if not problem.job or bare not in jobs:
            order.append(problem)
        if problem.job:
            jobs.setdefault(bare, {})[problem.job] = None
    return [
        _told(each, list(jobs[replace(each, job="")]), is_all=is_all) if each.job else each for each in order
    ]


def _told(problem: Problem, jobs: list[str], *, is_all: bool) -> Problem:
    if len(jobs) == 1:
        where = f"in job {problem.job}"
    else:
        where = f"in {'' if is_all else 'more than '}{len(jobs):,} jobs, first {problem.job}"
    return replace(problem, message=f"{problem.message}, {where}", job="")
