"""Projects that use one account of Extend side by side: nothing twice, nothing lost, and a word why it takes longer."""

import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

import pytest

from docbatch.emulators.extend.limits import Limits
from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.engine.clock import SystemClock
from docbatch.engine.connections.accesses import accesses, connection_settings
from docbatch.engine.connections.conversations import SLOW, Conversations, Talk, Wait
from docbatch.engine.connections.provider_connections import ProviderConnection
from docbatch.engine.connections.slow_answers import SlowAnswers
from docbatch.providers import REGISTRY
from docbatch.specs.load import load_jobs, load_project
from docbatch.testing.patience import LONG
from tests.cli.project import Project
from tests.providers.extend.project import KEY, extend_project

NAMES = ("one", "two")


def documents(project: str) -> dict[str, str]:
    return {f"in/{number}.txt": f"document {number} of {project}" for number in range(12)}


@pytest.fixture(autouse=True)
def accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOCBATCH_ACCOUNTS", str(tmp_path / "accounts"))
    return tmp_path / "accounts"


def account(project: Project) -> str:
    (job,) = load_jobs(load_project(project.root))
    return REGISTRY.kind("extend").account(connection_settings(job.connection))


@contextmanager
def another(accounts: Path, name: str, held: int = 0) -> Iterator[int]:
    """Have another process of another project use an account."""
    code = f"""
        import sys
        from pathlib import Path
        from docbatch.providers.accounts.shared_account import SharedAccount
        account = SharedAccount("extend", {name!r}, Path("/elsewhere"), {{"DOCBATCH_ACCOUNTS": {str(accounts)!r}}})
        account.limiter(10)
        account.room({held} or 1, {held}, wants_more=False)
        print("ready", flush=True)
        sys.stdin.readline()
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process.pid
        process.kill()


def test_two_projects_end_beside_each_other_while_the_vendor_refuses_what_is_too_much(
    tmp_path: Path, accounts: Path
) -> None:
    with ExtendEmulator() as vendor:
        limits = vendor.limits = Limits(per_second=5, files_per_minute=1200, times=10, told="exact")
        projects = [extend_project(tmp_path / name, vendor, documents=documents(name)) for name in NAMES]
        other = (projects[1].root / "docbatch.yaml").read_text().replace("testproject01", "testproject02")
        projects[1].write({"docbatch.yaml": other})
        running = [each.start("apply") for each in projects]
        ended = [each.communicate() for each in running]

        assert [each.returncode for each in running] == [0, 0], ended
        assert limits.refused > 0
        assert Counter(vendor.ledger).total() == len(set(vendor.ledger)) == 24
    (folder,) = accounts.iterdir()
    assert sum(each.name.startswith("pace-") for each in folder.iterdir()) == 3
    assert not any(KEY.encode() in each.read_bytes() for each in folder.iterdir())


def test_status_names_who_else_uses_the_account(tmp_path: Path, accounts: Path) -> None:
    with ExtendEmulator() as vendor:
        project = extend_project(tmp_path / "one", vendor)
        project.applied()
        assert "uses the account" not in project.call("status").out
        with another(accounts, account(project)) as process:
            sentence = f"another docbatch on this machine uses the account: process {process}, /elsewhere"
            assert f"\nextend: {sentence}\n" in project.call("status").out
            (line,) = (
                each for each in project.call("status", "--json").lines if each["type"] == "account_users"
            )
            assert (line["connection"], line["message"]) == ("extend", sentence)
        assert "uses the account" not in project.call("status").out


def test_status_does_not_tell_of_the_project_s_own_run(tmp_path: Path, accounts: Path) -> None:
    with ExtendEmulator() as vendor:
        project = extend_project(tmp_path / "one", vendor)
        project.applied()
        with connected(project) as connection:
            assert connection.share(1, wants_more=True) is connection.view
            assert "uses the account" not in project.call("status").out


def test_a_folder_that_cannot_be_used_is_told_once_and_stops_nothing(tmp_path: Path, accounts: Path) -> None:
    accounts.touch()
    with ExtendEmulator() as vendor:
        project = extend_project(tmp_path / "one", vendor)
        ended = project.call("apply")

    assert ended.code == 0
    told = ended.out + ended.err
    assert told.count("its pace is not shared with other processes of this machine") == 1
    assert f"{accounts}: File exists" in told


@contextmanager
def connected(project: Project) -> Iterator[ProviderConnection]:
    (job,) = load_jobs(load_project(project.root))
    (access,) = accesses([job.connection], project.root, project.root / "incoming", lambda: None)
    connection = ProviderConnection(access, threads=False)
    try:
        yield connection
    finally:
        connection.close()


def test_what_another_has_in_flight_is_left_to_it(tmp_path: Path, accounts: Path) -> None:
    with ExtendEmulator() as vendor:
        project = extend_project(tmp_path / "one", vendor)
        with connected(project) as connection, another(accounts, account(project), held=5) as process:
            assert connection.share(0, wants_more=False) is connection.view
            assert connection.share(0, wants_more=True).traits.max_in_flight == 8 - 5
            assert f"process {process}, /elsewhere" in connection.users


def test_a_run_that_waits_says_who_else_uses_the_account(tmp_path: Path, accounts: Path) -> None:
    with ExtendEmulator() as vendor:
        vendor.limits = Limits(per_second=1000, files_per_minute=30)
        project = extend_project(tmp_path / "one", vendor)
        vendor.haste = 10.0
        with another(accounts, account(project), held=8) as process:
            waits = [each for each in project.applied().lines if each["type"] == "waiting"]

    assert waits
    assert all(f"uses the account: process {process}, /elsewhere" in each["cause"] for each in waits)


class Standing(SystemClock):
    now = 0.0

    def monotonic(self) -> float:
        return self.now


def unanswered() -> Talk[None]:
    yield Wait([Future[None]()], seconds=LONG, subject="nobody has answered", call="poll")


def test_an_answer_that_takes_long_may_wait_for_its_turn(tmp_path: Path, accounts: Path) -> None:
    with ExtendEmulator() as vendor:
        project = extend_project(tmp_path / "one", vendor)
        with connected(project) as connection, another(accounts, account(project)):
            connection.share(1, wants_more=True)
            clock = Standing()
            talks = Conversations(clock)
            talks.begin("extend", unanswered())
            clock.now = SLOW
            SlowAnswers({"extend": connection}, talks, clock).note()
            (slow,) = connection.hindrances.current

    assert slow.cause.startswith("no answer to 'poll'; another docbatch on this machine uses the account")


def test_a_plan_leaves_nothing_and_says_nothing(tmp_path: Path, accounts: Path) -> None:
    with ExtendEmulator() as vendor:
        project = extend_project(tmp_path / "one", vendor)
        assert project.call("plan").code == 0
    assert not accounts.exists()


def test_providers_say_where_it_is_and_how_to_move_it(
    tmp_path: Path, accounts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(tmp_path)
    assert (
        f"by files in {accounts}; DOCBATCH_ACCOUNTS names another folder, or off"
        in project.call("providers").out
    )

    monkeypatch.setenv("DOCBATCH_ACCOUNTS", "off")
    assert "each process keeps its own pace, since DOCBATCH_ACCOUNTS is off" in project.call("providers").out

    monkeypatch.setenv("DOCBATCH_ACCOUNTS", "here")
    assert (
        "each process keeps its own pace: DOCBATCH_ACCOUNTS names no absolute path"
        in project.call("providers").out
    )
