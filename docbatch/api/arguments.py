"""What methods of a project are called with: paths, numbers and words, checked and settled."""

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from docbatch.core.errors import UsageError
from docbatch.core.report import visible

if TYPE_CHECKING:
    from docbatch.api.lock_wait import Reopened
    from docbatch.engine.planning.saved.plan_file import SavedPlan
    from docbatch.specs.chosen_environment import ChosenEnvironment

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound="Reopened")
Place = str | os.PathLike[str]
"""A path: of a file, or of a folder."""
Specs = Place | Iterable[Place] | None
"""Job specs, or folders of them; None for all that the project has in jobs/."""
Day = date | str | None
"""A day, or a month, as in 2026-01-15 and 2026-01; None for no bound."""


def spec_paths(named: Specs) -> tuple[Path, ...]:
    """Return the paths that are named, none where all are meant. Raises UsageError for an empty list of them."""
    if named is None:
        return ()
    each = (named,) if isinstance(named, str | os.PathLike) else named
    paths = tuple(Path(path) for path in each)
    if not paths:
        raise UsageError("paths is empty", hint="leave it out where all jobs are meant")
    return paths


def paths_of(plan: "SavedPlan | None") -> tuple[Path, ...]:
    return () if plan is None else tuple(Path(path) for path in plan.paths)


def require_same_paths(specs: Sequence[Path], saved: "SavedPlan") -> None:
    """Raise UsageError where paths are named beside a plan that was made for others."""
    if not specs or tuple(map(str, specs)) == saved.paths:
        return
    raise UsageError(
        "the plan was made for other paths",
        hint=f"name no paths beside it, or those it was made for: {' '.join(saved.paths)}"
        if saved.paths
        else "it was made for all jobs: name no paths beside it, or make a plan for these: 'docbatch plan --out FILE PATH'",
    )


def require_same_environment(saved: "SavedPlan", environment: "ChosenEnvironment") -> None:
    """Raise UsageError where a plan was made in another environment, or with other values of variables from outside."""
    from docbatch.engine.planning.saved.plan_file import told_apart

    if saved.environment != environment.name:
        made = (
            "without an environment" if saved.environment is None else f"for environment {saved.environment}"
        )
        raise UsageError(
            f"the plan was made {made}",
            hint=f"leave out --env, or make a plan for this environment: 'docbatch --env {environment.name} plan --out FILE'"
            if saved.environment is None
            else f"apply it there: 'docbatch --env {saved.environment} apply --plan FILE'",
        )
    now = told_apart(environment.outside)
    if saved.variables is None or saved.variables == now:
        return
    names = sorted(name for name in {*saved.variables, *now} if saved.variables.get(name) != now.get(name))
    raise UsageError(
        f"the plan was made with other values from outside for variables: {visible(', '.join(names))}",
        hint="give each as it was then, by --var NAME=VALUE or DOCBATCH_VAR_NAME, or make a new plan: 'docbatch plan --out FILE'",
    )


def days(since: Day, until: Day) -> tuple[date | None, date | None]:
    """Return the first and the last day that are meant. Raises UsageError for what is none."""
    from docbatch.core.costs import first_day, last_day

    return (
        first_day(since, "since") if isinstance(since, str) else since,
        last_day(until, "until") if isinstance(until, str) else until,
    )


def refuse_negative(**numbers: float | None) -> None:
    for name, number in numbers.items():
        if number is not None and number < 0:
            raise UsageError(f"{name} is {number:g}, which is less than nothing")


def permissions(words: Collection[str]) -> frozenset[str]:
    """Return what guards let pass. Raises UsageError for a word that is none."""
    from docbatch.core.guard import Permission

    wrong = set(words) - set(Permission)
    if wrong:
        raise UsageError(
            f"'{min(wrong)}' is nothing that can be allowed", hint=f"there is {', '.join(Permission)}"
        )
    return frozenset(words)


def waits_for_lock(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """Have a method of a project wait for another run, for its `lock_timeout` or as long as whoever calls it does."""

    @wraps(method)
    def waiting(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        from docbatch.state.lock import current_patience

        if not kwargs.get("lock_timeout") and current_patience() is None:
            return method(self, *args, **kwargs)
        from docbatch.api.lock_wait import once_free

        return once_free(method, self, *args, **kwargs)

    return waiting
