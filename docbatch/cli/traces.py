"""Traces of a run: none, unless the environment names a collector or they are asked for. Nothing is imported for them before."""

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import docbatch
from docbatch import DocbatchError, Notice, UsageError

if TYPE_CHECKING:
    from docbatch import CheckedJob, PlanReport
    from docbatch.cli.traced_run import TracedRun

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
PROTOCOL: Final = "http/protobuf"
SUBJECT: Final = "traces"
INTERRUPTED: Final = 130

Observe = Callable[[Notice], object]
Checked = Callable[[], "Collection[CheckedJob]"]


class Traces(Protocol):
    """What a run is told to; `observe` takes its notices."""

    @property
    def observe(self) -> Observe: ...

    def planned(self, report: "PlanReport", checked: Checked) -> None:
        """Learn that the plan is made, and of what jobs."""

    def ended(self, code: int) -> None:
        """Learn the exit code of the run."""


class Untraced(NamedTuple):
    """A run that leaves no traces."""

    observe: Observe

    def planned(self, report: "PlanReport", checked: Checked) -> None:
        """Nobody is told."""

    def ended(self, code: int) -> None:
        """Nobody is told."""


class _Unusable(NamedTuple):
    message: str
    hint: str


@contextmanager
def traces(observe: Observe, *, asked: bool) -> Iterator[Traces]:
    """Yield what takes the notices of a run and hands them on to `observe`; send what is left of its traces at the end.

    What keeps traces from a collector is a trouble and changes nothing of the run. Where they are `asked` for by an option,
    and there is no way to send them, UsageError is raised before anything is done.
    """
    made = _made(observe, asked=asked)
    if made is None:
        yield Untraced(observe)
        return
    try:
        yield made
    except BaseException as error:
        made.failed(error, _code(error))
        raise
    finally:
        for trouble in made.close():
            observe(trouble)


def _code(error: BaseException) -> int | None:
    if isinstance(error, DocbatchError):
        return error.exit_code
    return INTERRUPTED if isinstance(error, KeyboardInterrupt) else None


def _made(observe: Observe, *, asked: bool) -> "TracedRun | None":
    if not asked and (_switched_off() or not _named(ENDPOINTS)):
        return None
    found = _unusable() or _started(observe)
    if not isinstance(found, _Unusable):
        return found
    if asked:
        raise UsageError(found.message, hint=found.hint)
    observe(docbatch.Trouble(SUBJECT, found.message, found.hint))
    return None


def _named(variables: Collection[str]) -> str:
    """Return the first value of these variables that is not empty; those for traces alone come first."""
    return next(filter(None, (os.environ.get(name, "").strip() for name in variables)), "")


def _switched_off() -> str:
    """Return the variable that says that nothing in this environment is to send traces; empty where none does."""
    if _named(["OTEL_SDK_DISABLED"]).lower() == "true":
        return "OTEL_SDK_DISABLED"
    exporters = [name.strip().lower() for name in _named(["OTEL_TRACES_EXPORTER"]).split(",") if name.strip()]
    return "OTEL_TRACES_EXPORTER" if exporters and "otlp" not in exporters else ""


def _unusable() -> _Unusable | None:
    if off := _switched_off():
        return _Unusable(f"traces are switched off by {off}", f"unset {off}")
    if not _named(ENDPOINTS):
        return _Unusable(
            "traces need a collector, and none is named",
            f"set {ENDPOINTS[1]} to its URL, such as http://localhost:4318",
        )
    if _named(PROTOCOLS) not in {"", PROTOCOL}:
        return _Unusable(
            f"traces are sent by {PROTOCOL} alone, and {PROTOCOLS[1]} says something else",
            f"set {PROTOCOLS[0]} to {PROTOCOL}, and {ENDPOINTS[0]} to where the collector takes that",
        )
    return None


def _started(observe: Observe) -> "TracedRun | _Unusable":
    try:
        from docbatch.cli.traced_run import TracedRun

        return TracedRun(observe)
    except ImportError:
        return _Unusable(
            "sending traces needs opentelemetry-sdk and its exporter, which are not installed",
            "run pip install 'docbatch[otel]'",
        )
    except Exception as error:  # noqa: BLE001 - whatever others' code makes of the environment
        return _Unusable(
            f"no traces are sent: opentelemetry could not be set up ({type(error).__name__})",
            "see the variables whose names begin with OTEL_",
        )
