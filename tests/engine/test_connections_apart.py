"""One connection that does not come back from a call keeps nobody waiting: not the others, and not the end of the run."""

import os
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from docbatch.core.errors import StateError
from docbatch.core.models import SubmissionStatus
from docbatch.core.scheduler import Deliver
from docbatch.engine import clock
from docbatch.engine.clock import SystemClock
from docbatch.engine.connections import provider_connections
from docbatch.engine.running import apply, deliver_results, loop
from docbatch.engine.running.run_context import Run
from docbatch.providers import REGISTRY
from docbatch.providers.base import Intent, Ready
from docbatch.state.store import Store
from docbatch.testing.patience import LONG, until
from tests.cli.project import Ended, Project
from tests.fake import outside
from tests.fake.held import METHODS, Held, Hold, held

JOB = """
apiVersion: docbatch/v1
name: {name}
source: {{root: {name}, include: "**/*"}}
provider: {provider}
sink: [{{type: files, path: "out/{name}/{{{{ doc.path }}}}.md"}}]
"""
OTHERS = {"other/x.txt.md": b"# XENIA!\n", "other/y.txt.md": b"# YUCCA!\n"}
BEFORE_ANYTHING = {"connect", "pins"}
"""What is asked while the plan is made, before any job begins."""
OWN = {"slow/a.txt.md": b"# APPLE!\n", "slow/b.txt.md": b"# BERRY!\n"}
LEAP = 7200.0
LONGER = {"patience": 10 * LEAP}


class Leaping(SystemClock):
    """Two hours pass at once when a condition comes to hold while somebody waits."""

    def __init__(self, condition: Callable[[], bool]) -> None:
        super().__init__()
        self._condition = condition
        self._leap = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self._leap

    def wait(self, until: float, has_news: Callable[[], bool] = lambda: False) -> None:
        def news() -> bool:
            if not self._leap and self._condition():
                self._leap = LEAP
            return has_news()

        super().wait(until, news)


@pytest.fixture
def hold() -> Iterator[Hold]:
    made = Hold()
    yield made
    made.go.set()


@pytest.fixture
def project(tmp_path: Path, hold: Hold, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Two jobs; time leaps as soon as one is through while a call of the other is held."""
    made = Project(tmp_path)
    made.job(JOB.format(name="slow", provider="held"), "slow")
    made.job(JOB.format(name="other", provider="shout"), "other")
    made.write({"slow/a.txt": "apple", "slow/b.txt": "berry", "other/x.txt": "xenia", "other/y.txt": "yucca"})

    def is_stuck() -> bool:
        if not hold.is_held or hold.method in BEFORE_ANYTHING:
            return hold.is_held
        written = made.outputs()
        return written.items() >= OTHERS.items() and len(written) >= len(OTHERS) + hold.beside

    monkeypatch.setattr(apply, "SystemClock", lambda: Leaping(is_stuck))
    monkeypatch.setattr(clock, "GLANCE", 0.02)
    monkeypatch.setattr(provider_connections, "CLOSING", 0.1)
    monkeypatch.setattr(loop, "LAST", 0.1)
    return made


def applied(project: Project, hold: Hold, *arguments: str, **traits: Any) -> Ended:
    with REGISTRY.added(outside.KIND, held(hold, **traits)):
        return project.call("apply", *arguments)


def statuses(project: Project) -> list[SubmissionStatus]:
    with Store.readable(project.root / ".docbatch") as store:
        return [each.status for each in store.submissions.all() if each.connection == "held"]


@pytest.mark.parametrize("method", METHODS)
def test_a_call_that_does_not_come_back_stops_its_own_connection_alone_and_the_next_run_does_the_rest(
    project: Project, hold: Hold, method: str
) -> None:
    hold.method = method
    ended = applied(project, hold)

    assert project.outputs() == (OTHERS | OWN if method in {"discard", "close"} else OTHERS)
    assert ended.code == (0 if method == "close" else 4)
    if method != "close":
        seconds = 10 if method in BEFORE_ANYTHING else 1800
        assert "connection 'held' is not answering: '" in ended.err
        assert f"did not come back within {seconds} s" in ended.err

    again = Hold()
    assert applied(project, again).code == 0
    assert project.outputs() == OTHERS | OWN
    assert hold.asked.count("create") + again.asked.count("create") == (2 if method == "create" else 1)


def test_a_create_that_does_not_come_back_counts_as_unanswered(project: Project, hold: Hold) -> None:
    hold.method = "create"

    ended = applied(project, hold)

    assert statuses(project) == [SubmissionStatus.UNANSWERED]
    assert "it is looked for before anything is sent again" in ended.err


@pytest.mark.parametrize("method", [each for each in METHODS if each not in {"close", "discard"}])
def test_the_time_of_a_run_bounds_every_call(project: Project, hold: Hold, method: str) -> None:
    hold.method = method

    ended = applied(project, hold, "--timeout", "1h", **LONGER)

    assert (ended.code, project.outputs()) == (4, {} if method in BEFORE_ANYTHING else OTHERS)
    assert hold.left == []
    if method == "create":
        assert statuses(project) == [SubmissionStatus.UNANSWERED]


@pytest.mark.parametrize("method", ["poll", "fetch"])
def test_who_has_not_answered_for_long_is_named_while_the_run_goes_on_and_at_its_end(
    project: Project, hold: Hold, method: str
) -> None:
    hold.method = method

    ended = applied(project, hold, "--timeout", "1h", **LONGER)

    assert ended.err.count(f"held: no answer to '{method}'") == 1
    assert ended.out.count(f"held: no answer to '{method}'") == 1
    assert f"held: no answer to '{method}'" in project.call("status").out
    over = f"connection 'held' has not answered '{method}', and the time of this run is up"
    assert over in ended.err


def test_what_is_answered_while_another_connection_fails_is_recorded(
    project: Project, hold: Hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "LAST", LONG)
    hold.method = "create"
    fetch = outside.Shout.fetch

    def fetch_late(self: outside.Shout, intent: Intent, ready: Ready) -> bytes:
        # Who delivers decides as well: nothing is created any more from then on.
        until(lambda: hold.is_held, "the other create did not come")
        return fetch(self, intent, ready)

    def full(_run: Run, _action: Deliver) -> None:
        hold.go.set()
        raise StateError("the disk is full")

    monkeypatch.setattr(outside.Shout, "fetch", fetch_late)
    monkeypatch.setattr(deliver_results, "deliver", full)
    ended = applied(project, hold, **LONGER)

    assert "the disk is full" in ended.err
    assert statuses(project) == [SubmissionStatus.SUBMITTED]


def test_a_result_that_does_not_come_keeps_back_no_other(
    project: Project, hold: Hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: list[str] = []

    def one_is_held(self: Held, intent: Intent, ready: Ready) -> bytes:
        fetched.append(ready.key)
        plain = partial(outside.Shout().fetch, intent, ready)
        return hold.on("fetch", plain) if ready.key == intent.batch.items[0].key else plain()

    hold.method, hold.beside = "fetch", 1
    monkeypatch.setattr(Held, "fetch", one_is_held)
    ended = applied(project, hold)

    assert ended.code == 4
    assert len(project.outputs()) == len(OTHERS) + 1
    assert len(set(fetched)) == len(fetched) == 2


def test_an_interrupt_does_not_wait_for_a_call(project: Project, hold: Hold) -> None:
    hold.method = "create"
    asked = hold.on

    def interrupting(method: str, act: object) -> object:
        if method == "create":
            os.kill(os.getpid(), signal.SIGINT)
        return asked(method, act)  # type: ignore[arg-type]

    hold.on = interrupting  # type: ignore[method-assign,assignment]
    ended = applied(project, hold, **LONGER)

    assert ended.code == 130, ended.err
    assert hold.left == []
    assert statuses(project)[0] in {SubmissionStatus.INTENDED, SubmissionStatus.UNANSWERED}
    hold.go.set()
    assert applied(project, Hold()).code == 0
    assert project.outputs() == OTHERS | OWN


def wrong() -> object:
    return 7


def fault() -> object:
    raise KeyError("a secret")


@pytest.mark.parametrize("method", [*METHODS, "read"])
@pytest.mark.parametrize("instead", [wrong, fault])
def test_a_provider_that_breaks_its_contract_stops_its_own_connection_alone(
    project: Project, hold: Hold, method: str, instead: Callable[[], object]
) -> None:
    hold.method, hold.instead = method, instead

    ended = applied(project, hold)

    is_fine = (method in {"close", "discard"} and instead is wrong) or method == "close"
    assert project.outputs().items() >= OTHERS.items()
    assert ended.code == (0 if is_fine else 1)
    assert "Traceback" not in ended.err
    assert "secret" not in ended.err
    if not is_fine:
        assert "connection 'held': " in ended.err
        assert "its provider broke its contract in '" in ended.err or method == "connect"
    assert applied(project, Hold()).code == 0
    assert project.outputs() == OTHERS | OWN
