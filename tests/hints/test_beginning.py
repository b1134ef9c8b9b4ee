"""Hints of projects that are not there yet or not right, and of command lines."""

import socket
import sys
from unittest import mock

import pytest

from docbatch.webhooks import server
from tests.cli.project import JOB, Project
from tests.emulators.rehearsing import write as write_rehearsed
from tests.hints.table import Hints, helps

PAID = JOB.replace("provider: local", "provider: extend")
WEBHOOK = "http://127.0.0.1:8722/webhooks/extend"
EMULATED = ("--", sys.executable, "-c", "pass")


@pytest.fixture
def bare(project: Project) -> Project:
    """A folder with nothing in it."""
    (project.root / "jobs/job.yaml").unlink()
    (project.root / "jobs").rmdir()
    return project


@helps("docbatch init writes a project with an example job")
def test_a_folder_without_jobs(bare: Project, hints: Hints) -> None:
    told = bare.call("plan")

    assert told.code == 64
    assert hints.follow(bare, told).code == 0
    assert bare.call("validate").code == 0


@helps("\nNext: put documents into inbox/, then run 'docbatch plan' and 'docbatch apply'.")
def test_a_starter_project(bare: Project, hints: Hints) -> None:
    told = bare.call("init")
    bare.write({"inbox/a.txt": "one"})

    assert "1 document" in hints.follow(bare, told).out
    assert hints.follow(bare, told, nth=1).code == 0
    assert bare.outputs() == {"example/inbox/a.txt.md": b"one\n"}


@helps("\nNext: 'docbatch plan' shows what the jobs of this project would do.")
def test_a_starter_project_around_a_job_of_the_example_s_name(project: Project, hints: Hints) -> None:
    project.job(JOB.replace("name: job", "name: example"))
    project.write({"in/a.txt": "one"})
    told = project.call("init")

    assert "1 document" in hints.follow(project, told).out


@helps("write a job into it, or remove the file; docbatch init shows one")
def test_a_spec_that_holds_no_job(project: Project, hints: Hints) -> None:
    project.write({"jobs/other.yaml": ""})
    told = project.call("validate")
    (project.root / "jobs/other.yaml").unlink()

    assert told.code == 64
    assert "wrote jobs/example.yaml" in hints.follow(project, told).out
    assert project.call("validate").code == 0


@helps("move it away and run docbatch init, which writes one with a new project id")
def test_an_empty_project_file(project: Project, hints: Hints) -> None:
    project.write({"docbatch.yaml": ""})
    told = project.call("validate")
    (project.root / "docbatch.yaml").rename(project.root / "away")

    assert told.code == 64
    assert hints.follow(project, told).code == 0
    assert "id: p" in (project.root / "docbatch.yaml").read_text()
    assert project.call("validate").code == 0


@helps("add project: {id: …}; docbatch init in an empty folder writes a new id")
def test_a_project_file_without_an_id(project: Project, hints: Hints) -> None:
    project.write({"docbatch.yaml": "vars: {a: b}\n"})
    told = project.call("validate")
    empty = Project(project.root / "empty")
    (project.root / "docbatch.yaml").unlink()
    empty.root.mkdir()

    assert told.code == 64
    assert hints.follow(empty, told).code == 0
    project.write({"docbatch.yaml": (empty.root / "docbatch.yaml").read_text() + "vars: {a: b}\n"})
    assert project.call("validate", "jobs").code == 0


@helps(
    "run docbatch init in the project's root: every piece of work at a vendor is marked with the id",
)
def test_a_paid_job_without_a_project_id(project: Project, hints: Hints) -> None:
    project.job(PAID)
    told = project.call("validate")

    assert told.code == 64
    assert hints.follow(project, told).code == 0
    assert project.call("validate").code == 0


@helps("run 'docbatch init' in the project's root")
def test_listening_without_a_project_id(
    project: Project, hints: Hints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EXTEND_WEBHOOK_SECRET", raising=False)
    told = project.call("listen")

    assert told.code == 64
    assert hints.follow(project, told).code == 0
    assert "webhook secret" in project.call("listen").err


@helps("'docbatch listen' needs uvicorn, which is not installed")
def test_listening_without_a_server(project: Project, hints: Hints, monkeypatch: pytest.MonkeyPatch) -> None:
    with mock.patch("importlib.util.find_spec", return_value=None):
        told = project.call("listen")

    assert told.code == 1
    assert "pip install 'docbatch[listen]'" in told.err
    assert "uvicorn" not in hints.follow(project, told).err


@helps("choose another with --host and --port")
def test_listening_where_somebody_else_does(
    project: Project, hints: Hints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXTEND_WEBHOOK_SECRET", "whsec_" + "00" * 16)
    monkeypatch.setattr(server, "server", lambda *_: mock.Mock())
    project.call("init")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        told = project.call("listen", "--port", str(taken.getsockname()[1]))
        other = project.call("listen", "--host", "127.0.0.1", "--port", "0")

    assert told.code == 1
    assert hints.see(told) == []
    assert other.code == 0
    assert "listening at" in other.out


@helps("choose another with --port; what is sent there counts as another account")
def test_emulating_where_somebody_else_listens(project: Project, hints: Hints) -> None:
    write_rehearsed(project, "extend")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        told = project.call("emulate", "extend", "--port", str(taken.getsockname()[1]), *EMULATED)

    assert told.code == 64
    assert hints.see(told) == []
    assert project.call("emulate", "extend", "--port", "0", *EMULATED).code == 0


@helps(
    "name the address that 'docbatch listen' prints, such as http://127.0.0.1:8722/webhooks/NAME",
    "choose one, and give it to 'docbatch listen' as well: export {}=…",
    "Send signed webhooks there, such as to docbatch listen on this machine; the secret is taken from the environment.",
)
def test_webhooks_of_a_rehearsal(project: Project, hints: Hints, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EXTEND_WEBHOOK_SECRET", raising=False)
    monkeypatch.setattr(server, "server", lambda *_: mock.Mock())
    write_rehearsed(project, "extend")
    emulate = ("emulate", "extend", "--port", "0", "--webhook")
    unsigned = project.call(*emulate, WEBHOOK, *EMULATED)
    hints.see(project.call("emulate", "--help"), "Send signed")
    (variable,) = (word.partition("=")[0] for word in unsigned.err.split() if "=…" in word)
    monkeypatch.setenv(variable, "whsec_" + "00" * 16)
    elsewhere = project.call(*emulate, "https://example.com/", *EMULATED)
    listening = hints.follow(project, unsigned, "choose one")
    hints.see(elsewhere, "name the address")
    address = listening.out.split()[-1]

    assert (unsigned.code, elsewhere.code, listening.code) == (64, 64, 0)
    assert address == WEBHOOK
    assert project.call(*emulate, address, *EMULATED).code == 0


@helps("'docbatch apply' makes it")
def test_a_project_without_a_state(project: Project, hints: Hints) -> None:
    project.write({"in/a.txt": "one"})
    told = project.call("status")

    assert told.code == 10
    assert hints.follow(project, told).code == 0
    assert project.call("status").code == 0


@helps(" 'docbatch --help' lists them.")
def test_a_command_there_is_not(project: Project, hints: Hints) -> None:
    told = project.call("conjure")

    assert told.code == 64
    assert hints.see(told) == ["--help"]
    assert "apply" in project.call("--help").out


@helps("name a submission, or a job with --job JOB")
def test_cancelling_nothing_in_particular(project: Project, hints: Hints) -> None:
    project.write({"in/a.txt": "one"})
    project.applied()
    told = project.call("cancel")

    assert told.code == 64
    assert hints.see(told) == []
    assert project.call("cancel", "--job", "job").out == "job 'job' has nothing with a vendor\n"


@helps("--no-wait has no meaning here: all work is done in this process and ends with it")
def test_not_waiting_for_local_work(project: Project, hints: Hints) -> None:
    project.write({"in/a.txt": "one"})
    told = project.call("apply", "--no-wait")

    assert hints.see(told) == []
    assert told.code == 0
    assert project.outputs() == {"a.txt.md": b"one\n"}


@helps("### docbatch plan: {}", "Save the plan for 'docbatch apply --plan FILE'.")
def test_plans_for_people_and_for_later(project: Project, hints: Hints) -> None:
    project.write({"in/a.txt": "one"})
    told = project.call("plan", "--help")
    titled = project.call("plan", "--format", "markdown", "--out", "plan.json")

    assert hints.follow(project, titled, "###").code == 0
    assert hints.follow(project, told, "Save", FILE="plan.json").code == 0
    assert project.outputs() == {"a.txt.md": b"one\n"}


@helps("leave out --untrusted where it is your own")
def test_a_state_that_nobody_vouches_for(project: Project, hints: Hints) -> None:
    project.write({"in/a.txt": "one"})
    project.applied()
    told = project.call("status", "--untrusted")

    assert told.code == 10
    assert hints.see(told) == []
    assert project.call("status").code == 0
