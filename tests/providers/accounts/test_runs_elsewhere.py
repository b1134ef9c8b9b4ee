"""What an account is for a run that sees others in a store: its part, waits that others were told, and going on alone."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from docbatch.core.errors import CredentialsError, Unavailable
from docbatch.providers.accounts import account_users, runs_elsewhere
from docbatch.providers.accounts.account_run import read_run
from docbatch.providers.accounts.runs_elsewhere import SHORT, AccountsInStore, RunsElsewhere
from docbatch.providers.accounts.shared_account import SharedAccount
from docbatch.providers.accounts.stored_runs import EXPIRES_AFTER, RunObjects, StoredRuns
from docbatch.stores.faults import StoreRefused
from docbatch.testing.patience import LONG, until
from tests.providers.accounts.dated_store import DatedStore

PREFIX = "docbatch-accounts/"
NEVER = (3600.0,)
ONE = "api.example/one"


class Machines:
    """Machines that see each other through one store alone. Each run looks when it begins, and when it is told to."""

    def __init__(self, root: Path, stack: ExitStack) -> None:
        self.store = DatedStore()
        self._root = root
        self._stack = stack
        self._processes = 0

    def run(self, machine: str, account: str = ONE) -> SharedAccount:
        """Return an account as a run on a machine has it. Of the machine '' files cannot be used."""
        variables = {"DOCBATCH_ACCOUNTS": str(self._root / machine) if machine else ""}
        return self.told(variables, account)

    def told(self, variables: Mapping[str, str], account: str = ONE) -> SharedAccount:
        where = AccountsInStore(lambda: self.store, PREFIX, NEVER)
        self._processes += 1
        token = f"process {self._processes}"
        made = SharedAccount("extend", account, Path("/project"), variables, where, token=token)
        return self._stack.enter_context(closing(made))


@pytest.fixture
def machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machines]:
    monkeypatch.setattr(account_users, "FRESH", 0.0)
    with ExitStack() as stack:
        yield Machines(tmp_path, stack)


def look(*accounts: SharedAccount) -> None:
    for each in accounts:
        assert each.elsewhere is not None
        each.elsewhere.look()


@pytest.mark.parametrize("names", [("a", "b", "c"), ("", "", "")])
def test_each_of_those_that_live_has_its_part_of_the_rate(machines: Machines, names: tuple[str, ...]) -> None:
    one, two, three = (machines.run(each) for each in names)
    first = one.limiter(12)
    assert first.full == 12
    others = two.limiter(12), three.limiter(12)
    look(one, two)
    assert [each.full for each in (first, *others)] == [4, 4, 4]

    three.close()
    look(one, two)
    assert [each.full for each in (first, others[0])] == [6, 6]


def test_who_begins_looks_before_its_first_request(machines: Machines) -> None:
    machines.run("a").limiter(10)

    assert machines.run("b").limiter(10).full == 5


def test_the_share_of_one_that_was_killed_comes_back_after_two_minutes(machines: Machines) -> None:
    one, killed = machines.run("a"), machines.run("b")
    limiter = one.limiter(10)
    killed.limiter(10)
    killed.room(8, 8, wants_more=True)
    look(killed, one)
    assert (limiter.full, one.room(8, 0, wants_more=True)) == (5, 1)

    machines.store.now += EXPIRES_AFTER
    look(one)
    assert limiter.full == 5
    machines.store.now += 1
    look(one)
    assert limiter.full == 10
    assert machines.run("c").room(8, 0, wants_more=False) == 8


def test_processes_of_one_machine_have_its_part_together(machines: Machines) -> None:
    one, same, other = machines.run("a"), machines.run("a"), machines.run("b")
    limiters = [each.limiter(12) for each in (one, same, other)]
    look(one, same, other)

    assert [each.full for each in limiters] == [8, 8, 4]


def test_what_others_have_in_flight_is_left_to_them(machines: Machines) -> None:
    one, other = machines.run("a"), machines.run("b")
    one.limiter(10)
    other.limiter(10)
    assert one.room(8, 5, wants_more=False) == 8
    look(one, other)
    assert other.room(8, 0, wants_more=True) == 3
    look(other, one)
    assert one.room(8, 6, wants_more=True) == 4


def test_one_process_is_not_counted_by_its_file_and_by_its_object(machines: Machines) -> None:
    one, same = machines.run("a"), machines.run("a")
    for each in (one, same, one):
        each.room(8, 3, wants_more=False)
        look(each)

    assert same.room(8, 0, wants_more=True) == 5


def test_where_files_cannot_be_used_the_store_tells_all(machines: Machines) -> None:
    one, same = machines.run(""), machines.run("")
    one.room(8, 3, wants_more=False)
    look(one)
    same.limiter(8)

    assert same.room(8, 0, wants_more=True) == 5


def test_nothing_is_begun_before_the_first_look_but_one(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    going_on = threading.Event()
    monkeypatch.setattr(StoredRuns, "look", lambda *_: going_on.wait(LONG) and ())
    one = machines.run("a")
    assert one.room(8, 0, wants_more=True) == 1

    going_on.set()
    until(lambda: one.room(8, 0, wants_more=True) == 8, "the first look never ended")


def test_nobody_waits_for_a_first_look_for_longer_than_a_moment(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    going_on = threading.Event()
    monkeypatch.setattr(StoredRuns, "look", lambda *_: going_on.wait(LONG) and ())
    monkeypatch.setattr(runs_elsewhere, "MOMENT", 0.0)
    one = machines.run("a")

    assert one.limiter(10).full == 10
    assert one.room(8, 0, wants_more=True) == 8
    going_on.set()


def test_a_wait_that_one_was_told_is_heeded_by_all_from_their_next_look_on(machines: Machines) -> None:
    one, other = machines.run("a"), machines.run("b")
    limiters = {sort: other.limiter(10, sort=sort) for sort in ("read", "write")}
    one.limiter(10, sort="read").slow_down(100)
    look(one, other)

    with pytest.raises(
        Unavailable, match="asked to wait 100 seconds; a run on another machine uses the account"
    ):
        limiters["read"].wait()
    limiters["write"].wait()
    assert limiters["read"].rate == 10


def test_a_wait_that_others_were_told_is_not_told_on(machines: Machines) -> None:
    one, other = machines.run("a"), machines.run("b")
    other.limiter(10)
    one.limiter(10).slow_down(100)
    look(one, other, other)
    one.close()

    (said,) = (content for content, _, _ in machines.store.objects.values())
    assert read_run(said).waits == {}


def test_a_429_without_a_wait_is_told_to_nobody(machines: Machines) -> None:
    one = machines.run("a")
    one.limiter(10).slow_down(None)
    look(one)

    (said,) = (content for content, _, _ in machines.store.objects.values())
    assert read_run(said).waits == {}


def test_a_long_wait_is_told_soon_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[float] = []
    store = DatedStore()
    monkeypatch.setattr(runs_elsewhere, "SHORT", 0.0)
    elsewhere = RunsElsewhere(StoredRuns(lambda: store, "a", "b"), lambda: looks.append(0.0), NEVER)
    elsewhere.begin()
    elsewhere.begin()
    until(lambda: len(looks) == 1, "it never looked")
    elsewhere.note_wait("read", 60.0)
    until(lambda: len(looks) == 2, "it never told")
    elsewhere.close()
    assert store.asked == ["put", "list"] * 2 + ["delete"]


@pytest.mark.parametrize(
    ("waits", "is_told"),
    [((SHORT,), False), ((60.0,), True), ((60.0, 60.0 + SHORT), False), ((60.0, 61.0 + SHORT), True)],
)
def test_short_and_known_waits_are_told_with_the_next_look(
    waits: tuple[float, ...], *, is_told: bool
) -> None:
    elsewhere = RunsElsewhere(StoredRuns(DatedStore, "a", "b"), lambda: None, NEVER, clock=lambda: 0.0)
    for each in waits:
        elsewhere._due.clear()
        elsewhere.note_wait("read", each)

    assert elsewhere._due.is_set() == is_told


def test_while_the_store_is_away_what_was_seen_last_counts_for_two_minutes() -> None:
    store, now = DatedStore(), [0.0]
    StoredRuns(lambda: store, "a", "other").look(read_run(b""))
    elsewhere = RunsElsewhere(StoredRuns(lambda: store, "a", "b"), lambda: None, NEVER, clock=lambda: now[0])
    elsewhere.look()
    store.cut_off()
    now[0] = EXPIRES_AFTER
    elsewhere.look()
    assert (elsewhere.part(), elsewhere.news()) == (0.5, "")

    now[0] += 1
    elsewhere.look()
    assert elsewhere.part() == 1
    assert elsewhere.news() == "store 'lake': nothing accepts a connection there"
    assert elsewhere.news() == ""

    store.trouble = None
    elsewhere.look()
    assert elsewhere.part() == 0.5


def fails(error: Exception) -> RunObjects:
    raise error


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (StoreRefused("store 'lake': AccessDenied"), "store 'lake': AccessDenied"),
        (CredentialsError("no key", hint="set it"), "no key"),
        (RuntimeError("odd\n"), "RuntimeError: odd\\n"),
    ],
)
def test_whatever_goes_wrong_stops_nothing_and_is_told_once(
    tmp_path: Path, error: Exception, told: str
) -> None:
    where = AccountsInStore(lambda: fails(error), PREFIX, NEVER)
    variables = {"DOCBATCH_ACCOUNTS": str(tmp_path / "a")}
    with closing(SharedAccount("extend", ONE, Path("/p"), variables, where)) as account:
        account.limiter(10).wait()
        assert account.room(8, 0, wants_more=True) == 8
        assert account.elsewhere is not None
        assert account.elsewhere.news() == told
        look(account)
        assert account.elsewhere.news() == account.news() == ""


def test_a_run_that_ends_leaves_nothing(machines: Machines) -> None:
    machines.run("a").limiter(10)
    assert len(machines.store.objects) == 1
    one = machines.run("b")
    one.limiter(10)
    one.close()

    assert len(machines.store.objects) == 1
    one.close()


def test_an_end_that_the_store_does_not_hear_of_stops_nothing(machines: Machines) -> None:
    one = machines.run("a")
    one.limiter(10)
    machines.store.cut_off()
    one.close()

    assert len(machines.store.objects) == 1


def test_nothing_is_asked_before_there_is_work(machines: Machines) -> None:
    with closing(machines.run("a")) as one:
        assert one.room(8, 0, wants_more=False) == 8
        assert one.users == ""
    assert machines.store.asked == []


def test_switched_off_the_store_is_not_asked_either(machines: Machines) -> None:
    one = machines.told({"DOCBATCH_ACCOUNTS": "off"})
    assert (one.limiter(10).full, one.room(8, 0, wants_more=True)) == (10, 8)

    assert machines.store.asked == []


def test_nothing_of_the_account_is_in_names_or_in_what_is_said(machines: Machines) -> None:
    one = machines.run("a", account="api.example/workspace-7")
    one.limiter(10, sort="read").slow_down(60)
    look(one)
    ((key, (content, _, _)),) = machines.store.objects.items()

    assert key.startswith(PREFIX)
    assert [len(each) for each in key.removeprefix(PREFIX).split("/")] == [32, 16]
    for each in ("extend", "workspace", "project"):
        assert each not in f"{key} {content.decode()}"


def test_those_here_and_elsewhere_are_told_apart(machines: Machines) -> None:
    one, other = machines.run("a"), machines.run("b")
    one.limiter(10)
    other.limiter(10)
    look(one)

    assert one.users.startswith("a run on another machine uses the account: process ")
    assert other.users.startswith("a run on another machine uses")
    same = machines.run("a")
    same.limiter(10)
    look(same)
    assert same.users.count("another machine") == 1
