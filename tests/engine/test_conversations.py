"""Conversations, the threads behind them, and who may still be asked when a run ends."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest

from docbatch.core.consequences import ProviderCall
from docbatch.core.errors import NotSent, ProviderError, Unavailable, Uncertain
from docbatch.core.models import Recovery
from docbatch.engine.clock import SystemClock, pause
from docbatch.engine.connections.conversations import Conversations, RunOver, Talk, Wait, complete
from docbatch.engine.connections.hindrances import Moment
from docbatch.engine.connections.provider_connections import Access, ProviderConnection
from docbatch.engine.progress_notices import Notice, Trouble
from docbatch.processes.daemon_pool import DaemonPool
from docbatch.providers.base import Provider
from docbatch.testing.fake.cloud import Cloud
from docbatch.testing.fake.provider import FakeProvider, traits
from docbatch.testing.patience import LONG, until
from docbatch.testing.tripwire import Tripwire


@pytest.fixture
def connection(tmp_path: Path) -> ProviderConnection:
    kind = traits(Recovery.FINDABLE)

    def connect() -> Provider:
        return FakeProvider(Cloud(tmp_path / "cloud.db"), kind, Tripwire())

    return ProviderConnection(Access("fake", "acme", kind, connect, lambda _payload: None), threads=False)  # type: ignore[arg-type,return-value]


def test_as_much_is_under_way_as_an_open_provider_says(connection: ProviderConnection) -> None:
    def grown(provider: Provider) -> object:
        provider.traits = replace(provider.traits, max_in_flight=40, max_items=1)
        return provider

    before = connection.traits
    complete(SystemClock(), connection.ask(ProviderCall.POLL, grown))

    assert connection.view.traits == connection.traits == replace(before, max_in_flight=40)


def waiting(call: "Future[str]", said: list[str], *, costs: bool = False) -> Talk[None]:
    try:
        yield Wait([call], seconds=LONG, subject="nobody has answered", costs=costs)
        said.append(call.result())
    except ProviderError as error:
        said.append(type(error).__name__)


def test_each_goes_on_as_soon_as_its_own_answer_is_there() -> None:
    talks = Conversations(SystemClock())
    first, second = Future[str](), Future[str]()
    said: list[str] = []
    talks.begin("one", waiting(first, said))
    talks.begin("two", waiting(second, said))

    second.set_result("second")

    assert talks.has_news()
    assert talks.go_on()
    assert said == ["second"]
    assert talks.names == frozenset({"one"})


def test_it_is_known_when_the_next_will_have_waited_long() -> None:
    class Standing(SystemClock):
        now = 10.0

        def monotonic(self) -> float:
            return self.now

    clock = Standing()
    talks = Conversations(clock)
    talks.begin("one", waiting(Future[str](), []))
    clock.now = 13.0
    talks.begin("two", waiting(Future[str](), []))

    assert talks.unanswered_at(5.0) == 15.0
    clock.now = 15.0
    assert talks.unanswered_at(5.0) == 18.0
    assert talks.unanswered(5.0).keys() == {"one"}
    clock.now = 18.0
    assert talks.unanswered_at(5.0) == float("inf")


def test_an_answer_that_is_there_at_the_end_counts() -> None:
    talks = Conversations(SystemClock())
    answered, silent = Future[str](), Future[str]()
    said: list[str] = []
    talks.begin("answered", waiting(answered, said, costs=True))
    talks.begin("silent", waiting(silent, said, costs=True))
    talks.begin("free", waiting(Future[str](), said))
    answered.set_result("in time")

    talks.end(lambda wait: Uncertain(wait.subject) if wait.costs else RunOver())

    assert said == ["in time", "Uncertain"]
    assert talks.names == frozenset()


def test_one_alone_is_held_to_its_end() -> None:
    pool = DaemonPool(1, "test")

    def talk() -> Talk[int]:
        call = pool.submit(lambda: 7)
        yield Wait([call], seconds=LONG, subject="nobody")
        return call.result()

    assert complete(SystemClock(), talk()) == 7
    pool.close()


def test_who_does_not_answer_one_alone_is_named_once() -> None:
    class Passing(SystemClock):
        now = 0.0

        def monotonic(self) -> float:
            return self.now

        def listen(self, until: float, has_news: Callable[[], bool]) -> None:
            self.now = until

    told: list[Notice] = []

    def tell(notice: Notice) -> None:
        told.append(notice)

    def talk() -> Talk[None]:
        yield Wait([Future[None]()], seconds=LONG, subject="nobody has answered")

    complete(Passing(), talk(), tell)

    assert [each.message for each in told if isinstance(each, Trouble)] == ["nobody has answered for 5 s"]


def test_what_was_not_begun_when_a_pool_closed_is_not_begun() -> None:
    pool = DaemonPool(1, "test")
    begun: list[str] = []
    free: Future[None] = Future()

    def first() -> None:
        begun.append("first")
        free.result(LONG)

    pool.submit(first)
    second = pool.submit(begun.append, "second")
    until(lambda: begun, "nothing was begun")
    pool.close()
    free.set_result(None)
    pool.join(LONG)

    assert second.cancelled()
    assert begun == ["first"]


@pytest.mark.parametrize(
    ("call", "error"), [(ProviderCall.CREATE, NotSent), (ProviderCall.POLL, Unavailable)]
)
def test_what_comes_to_its_turn_after_the_end_of_a_run_is_not_asked(
    connection: ProviderConnection, call: ProviderCall, error: type[Exception]
) -> None:
    asked: list[str] = []
    connection.is_ending = True

    with pytest.raises(error):
        connection._told(call, lambda _provider: asked.append("asked"))

    assert asked == []


def test_silence_begins_with_the_last_that_came_back(connection: ProviderConnection) -> None:
    connection._now = lambda: 9.0
    assert connection.silent_since(5.0) == 5.0

    connection._told(ProviderCall.POLL, lambda _provider: None)

    assert connection.silent_since(5.0) == 9.0


def test_a_pause_is_whole_whoever_wakes_the_clock() -> None:
    class Woken(SystemClock):
        now = 0.0

        def monotonic(self) -> float:
            return self.now

        def wait(self, until: float, has_news: Callable[[], bool] = lambda: False) -> None:
            self.now += 1.0

    clock = Woken()
    pause(clock, 5.0)

    assert clock.now == 5.0


def test_what_the_end_of_a_run_kept_from_being_asked_says_nothing_of_the_vendor(
    connection: ProviderConnection,
) -> None:
    connection.is_ending = True
    with pytest.raises(Unavailable) as raised:
        connection._told(ProviderCall.PREPARE, lambda provider: provider)

    connection.meet(ProviderCall.PREPARE, raised.value, Moment(0.0, 0.0))

    assert connection.failing_since is None
    assert not list(connection.hindrances.current)
