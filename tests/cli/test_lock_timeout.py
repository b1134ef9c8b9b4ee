"""`--lock-timeout`: a command waits for another run, and then does what specs say by then."""

import signal
from pathlib import Path

import pytest

import docbatch
from docbatch.state import lock
from tests.cli.project import JOB, Project
from tests.cli.running import running
from tests.state.test_lock import held


@pytest.fixture
def applied(project: Project) -> Project:
    project.write({"in/a.txt": "one"})
    project.applied()
    return project


def lock_of(project: Project) -> Path:
    return project.root / ".docbatch/lock"


def test_what_specs_say_once_the_lock_is_got_is_done(applied: Project) -> None:
    with held(lock_of(applied)) as owner, running(applied, "apply", "--lock-timeout", "10m") as command:
        told = command.says("awaitinglock")
        applied.job(JOB.replace("out/", "elsewhere/"))
        owner.kill()

        assert command.ends() == 0
        assert told["owner"].startswith(f"process {owner.pid} on ")
        assert any("waiting for it to end, until" in line for line in command.err)

    assert applied.outputs("elsewhere") == {"a.txt.md": b"one\n"}


def test_the_command_is_refused_once_the_time_is_up(applied: Project) -> None:
    with held(lock_of(applied)):
        ended = applied.call("apply", "--lock-timeout", "1s")

    assert ended.code == 11
    assert "the state is locked by process" in ended.err
    assert ended.err.count("waiting for it to end") == 1


def test_without_the_option_nothing_is_waited_for(applied: Project) -> None:
    with held(lock_of(applied)):
        ended = applied.call("apply")

    assert ended.code == 11
    assert "waiting" not in ended.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_wait(applied: Project, number: int) -> None:
    with held(lock_of(applied)), running(applied, "apply", "--lock-timeout", "10m") as command:
        command.says("awaitinglock")
        command.process.send_signal(number)

        assert command.ends() == 130


def test_a_saved_plan_is_judged_once_the_lock_is_got(applied: Project) -> None:
    applied.write({"in/b.txt": "two"})
    assert applied.call("plan", "--out", "plan.json").code == 0
    waiting = ("apply", "--plan", "plan.json", "--lock-timeout", "10m")
    with held(lock_of(applied)) as owner, running(applied, *waiting) as command:
        command.says("awaitinglock")
        applied.write({"in/b.txt": "another"})
        owner.kill()

        assert command.ends() == 7


@pytest.mark.parametrize(
    "arguments",
    [("retry",), ("state", "compact"), ("state", "rm", "job", "a.txt"), ("prune", "--yes")],
    ids=" ".join,
)
def test_other_commands_that_change_the_state_wait_as_well(
    applied: Project, arguments: tuple[str, ...]
) -> None:
    with held(lock_of(applied)) as owner, running(applied, *arguments, "--lock-timeout", "10m") as command:
        command.says("awaitinglock")
        owner.kill()

        assert command.ends() == 0


def test_what_is_no_duration_is_refused(applied: Project) -> None:
    assert applied.call("apply", "--lock-timeout", "soon").code == 64


def test_a_program_waits_and_is_told(applied: Project) -> None:
    project = docbatch.open_project(applied.root)
    heard: list[docbatch.Notice] = []
    with held(lock_of(applied)) as owner:

        def hear(notice: docbatch.Notice) -> None:
            heard.append(notice)
            owner.kill()

        assert project.apply(on_event=hear, lock_timeout=600.0).exit_code == 0

    (told,) = [each for each in heard if isinstance(each, docbatch.AwaitingLock)]
    assert told.owner.startswith(f"process {owner.pid} on ")


def test_a_program_ends_the_wait(applied: Project) -> None:
    stop = docbatch.Interruption()
    with held(lock_of(applied)), pytest.raises(docbatch.DocbatchError) as raised:
        docbatch.open_project(applied.root).apply(
            on_event=lambda _notice: stop.ask(), lock_timeout=600.0, stop=stop
        )

    assert raised.value.exit_code == 130


def test_wrong_specs_leave_no_state_behind(project: Project) -> None:
    project.job("apiVersion: docbatch/v1")

    assert project.call("apply", "--lock-timeout", "1s").code == 64
    assert not (project.root / ".docbatch").exists()


def test_a_state_that_was_waited_for_is_free_again(applied: Project) -> None:
    assert applied.call("apply", "--lock-timeout", "1s").code == 0
    assert not lock.is_held(lock_of(applied))
