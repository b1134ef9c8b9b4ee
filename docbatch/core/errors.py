"""What can go wrong, sorted by what a caller may do next.

DocbatchError                 expected; shown as a message without a traceback
├── UsageError                64  the command line or a spec is wrong
│   ├── SpecError             64  every problem found in the specs, with positions
│   ├── EnvironmentNeeded     64  the project has environments, and none was named
│   └── UnfitStore            64  a store does not keep what a state in it relies on
├── StateError                 1  the state file cannot be used; nothing was touched
│   ├── ResultLost             1  a stored result is missing or damaged
│   ├── NoState               10
│   ├── StateLocked           11  another run holds it
│   │   └── OwnerReplaced     11  another run took over from this one, which sends nothing more
│   ├── AlteredState           1  an object of a state in a store is missing, or is not as it was written
│   └── NewerState             1  a state in a store was written by another version
├── GuardRefused               6  going on would be surprising; says what and which flag allows it
│   └── ForeignState           6  a state in a store is that of another project
├── BudgetStop                 5  money ran out; what is there is still collected
├── StalePlan                  7
├── TimeUp                     4  the time that a run was given passed before anything could be sent
├── Interrupted              130  somebody asked the run to end: what was under way is left whole, for the next
├── CredentialsError          12  a key is missing or refused
├── SinkError                  1  an output could not be written; results are safe in the spool
│   ├── ForeignOutput          1  what stands in the place of an output is not docbatch's, and stays as it is
│   └── ReportUnwritten        1  a report could not be written; the run, if there was one, is what it is
└── ProviderError              1  sorted by what is known about bytes, not by status code
    ├── Refused                   the vendor answered no to this attempt
    │   └── Stale                 because something prepared for it is no longer good
    ├── NotSent                   no request byte left, or the vendor answered "later": nothing exists
    ├── Uncertain                 the work may exist: the intent stays open
    ├── Unavailable               a repeatable call failed; try later
    ├── Gone                      the vendor no longer knows this work
    ├── NotAnswering           4  a call did not come back in its time, whatever it asked
    └── Unexpected                a provider broke its contract; what became of the call is not known

core/consequences.py says what a run does about those at the end.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from docbatch.core.outside_text import whole

if TYPE_CHECKING:
    from docbatch.core.models import RemoteObject

RANK: Final = (1, 12, 6, 5, 4, 3, 0)
"""Exit codes, the gravest first."""


class DocbatchError(Exception):
    """An expected error.

    `message` says what happened and to what; `hint` says what is safe to do next and the command for it.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        # Quotes what vendors, specs and file names say, which not every encoding takes.
        self.message = whole(message)
        self.hint = None if hint is None else whole(hint)
        super().__init__(self.message)


class UsageError(DocbatchError):
    exit_code = 64


class EnvironmentNeeded(UsageError):
    """A project that has a project id in its `environments` alone, by name, and none of them was named."""

    def __init__(self, environments: Collection[str]) -> None:
        self.environments = tuple(environments)
        super().__init__(
            f"this project has environments: {', '.join(self.environments)}",
            hint=f"name one with --env, as in 'docbatch --env {self.environments[0]} plan'",
        )


class UnfitStore(UsageError):
    """A store does not do what a state in it relies on, such as writing under a condition."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a spec: where (file, 1-based line and column, path inside the spec), what, and a hint.

    `job` says which job it is of, where the place belongs to several.
    """

    file: str
    line: int | None
    column: int | None
    where: str
    message: str
    hint: str | None = None
    job: str = ""

    def __str__(self) -> str:
        position = self.file
        if self.line is not None:
            position += f":{self.line}"
            if self.column is not None:
                position += f":{self.column}"
        text = f"{position}: {self.where}: {self.message}" if self.where else f"{position}: {self.message}"
        return f"{text} ({self.hint})" if self.hint else text


class SpecError(UsageError):
    """All problems of all files at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class StateError(DocbatchError):
    pass


class ResultLost(StateError):
    """A stored result is missing or damaged. It concerns its documents alone, and may be had again."""


class NoState(StateError):
    exit_code = 10


class StateLocked(StateError):
    exit_code = 11


class StateChanged(StateLocked):
    """Another run was quicker to write what this one only looked at: nothing was done, and it may begin anew."""


class OwnerReplaced(StateLocked):
    """Another run took over the state while this one was stopped, or could not reach the store."""


class AlteredState(StateError):
    """An object of a state in a store is missing, or is not as docbatch wrote it."""


class NewerState(StateError):
    pass


class GuardRefused(DocbatchError):
    exit_code = 6


class ForeignState(GuardRefused):
    """What lies in a store is the state of another project."""


class BudgetStop(DocbatchError):
    exit_code = 5


class StalePlan(DocbatchError):
    exit_code = 7


class TimeUp(DocbatchError):
    exit_code = 4


class Interrupted(DocbatchError):
    exit_code = 130


class CredentialsError(DocbatchError):
    exit_code = 12


class SinkError(DocbatchError):
    pass


class SinkRefused(SinkError):
    """Credentials for where outputs go are missing, or do not allow it."""

    exit_code = 12


class ForeignOutput(SinkError):
    """What stands in the place of an output is not docbatch's, or not the job's, and stays as it is."""


class ReportUnwritten(SinkError):
    pass


class ProviderError(DocbatchError):
    """`cause` says in a few words why the vendor does not do what it was asked to, in the same words each time.

    With `general` that has nothing to do with what was asked: the vendor cannot be reached, or asks everybody to wait.
    """

    def __init__(
        self, message: str, *, hint: str | None = None, cause: str | None = None, general: bool = False
    ) -> None:
        super().__init__(message, hint=hint)
        self.cause = None if cause is None else whole(cause)
        self.general = general


class Refused(ProviderError):
    """`code` is the vendor's own; `kind` names a failure class of `models.FailureClass`, where it says which.

    `unexplained` says that several documents were refused together, for a reason that names none of them and nothing of the
    configuration, and that nothing was made: sent apart, all but the culprits may be taken.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        kind: str = "refused_input",
        hint: str | None = None,
        unexplained: bool = False,
    ) -> None:
        super().__init__(message, hint=hint)
        self.unexplained = unexplained
        self.code = None if code is None else whole(code)
        self.kind = kind


class Stale(Refused):
    """Nothing was made by this attempt, because what was prepared for it is no longer good.

    `stale` names the prepare steps to be done anew.
    """

    def __init__(self, message: str, *, code: str, stale: Sequence[str]) -> None:
        super().__init__(message, code=code, hint="it is prepared again")
        self.stale = tuple(stale)


class NotSent(ProviderError):
    """`retry_after` is the vendor's own wait in seconds, when it gave one.

    `stop` says that nothing more is to be created on the connection in this run, such as when credits have run out.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        stop: bool = False,
        hint: str | None = None,
        cause: str | None = None,
        general: bool = False,
    ) -> None:
        super().__init__(message, hint=hint, cause=cause, general=general)
        self.retry_after = retry_after
        self.stop = stop


class Uncertain(ProviderError):
    pass


class Unavailable(ProviderError):
    """`retry_after` is the vendor's own wait in seconds, when it gave one.

    `left` is what a prepare step has to know of this try when it is tried again, by this process or another; one that has
    expired takes back what was left before.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        hint: str | None = None,
        left: "RemoteObject | None" = None,
        cause: str | None = None,
        general: bool = False,
    ) -> None:
        super().__init__(message, hint=hint, cause=cause, general=general)
        self.retry_after = retry_after
        self.left = left


class Gone(ProviderError):
    pass


class NotAnswering(ProviderError):
    exit_code = 4


class Unexpected(ProviderError):
    pass


def gravest(codes: Collection[int]) -> int:
    """Return the exit code of a run in which all of these apply."""
    return next((code for code in RANK if code in codes), 0 if not codes else 1)
