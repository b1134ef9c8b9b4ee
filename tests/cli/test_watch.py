"""`docbatch watch`: what settles is sent once and whole, what goes wrong ends nothing, and a signal ends it well."""

import os
import re
import signal
from pathlib import Path

import pytest

import tests.providers.llamacloud.project as llamacloud
from docbatch.emulators.llamacloud.service import KEY, LlamaCloud
from docbatch.testing.patience import until
from tests.cli.project import JOB, Project
from tests.cli.running import Running, running

WATCH = ("watch", "--settle", "1s", "--yes")


def sent(command: Running) -> int:
    """Return how many documents went to the provider."""
    return sum(line["documents"] for line in command.of("intended"))


@pytest.fixture
def filled(project: Project) -> Project:
    project.write({"in/a.txt": "one"})
    return project


def written(project: Project, name: str, text: str) -> None:
    output = project.root / "out" / name
    until(lambda: output.exists() and output.read_text() == text, f"{name} is not written")


def test_a_file_that_is_written_slowly_is_sent_once_and_whole(filled: Project) -> None:
    with running(filled, *WATCH) as command:
        written(filled, "a.txt.md", "one\n")
        with (filled.root / "in/slow.txt").open("w") as stream:
            for piece in ("first", "second", "third"):
                stream.write(f"{piece} ")
                stream.flush()
                # Others come and go while it is written.
                filled.write({f"in/{piece}.txt": piece})
                written(filled, f"{piece}.txt.md", f"{piece}\n")
            stream.write("end")
        written(filled, "slow.txt.md", "first second third end\n")

        assert command.of("settling")
        assert sent(command) == 5

    assert filled.applied().processed == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_between_two_rounds_ends_it_well(filled: Project, number: int) -> None:
    with running(filled, *WATCH) as command:
        command.says("round", 2)
        command.process.send_signal(number)

        assert command.ends() == 0
        assert command.lines[-1] == {"version": "docbatch/watch/v1", "type": "summary", "exit_code": 0}
        assert filled.outputs() == {"a.txt.md": b"one\n"}


def test_what_changed_is_sent_again_and_what_did_not_is_not(filled: Project) -> None:
    filled.write({"in/b.txt": "two"})
    with running(filled, *WATCH) as command:
        written(filled, "a.txt.md", "one\n")
        filled.write({"in/a.txt": "another"})
        written(filled, "a.txt.md", "another\n")

        assert sent(command) == 3


def test_what_is_watched_is_said_first(filled: Project) -> None:
    with running(filled, *WATCH, "--every", "1h") as command:
        told = command.says("watching")

    assert (told["folders"], told["every"], told["settle"]) == (2, 3600.0, 1.0)
    assert command.lines[0] == told


def test_a_spec_with_an_error_is_told_and_nothing_is_done_until_it_is_mended(filled: Project) -> None:
    with running(filled, *WATCH) as command:
        written(filled, "a.txt.md", "one\n")
        filled.job(JOB.replace("provider: local", "provder: local"))
        error = command.says("error")
        filled.write({"in/b.txt": "two"})
        command.says("settling", 2)
        filled.job(JOB.replace("out/", "more/"))
        until((filled.root / "more/b.txt.md").exists, "nothing was done")

        assert (error["file"], error["line"]) == ("jobs/job.yaml", 7)
        assert "b.txt.md" not in filled.outputs()
        assert sent(command) == 2


def test_a_refusal_of_a_guard_is_told_once_and_ends_nothing(tmp_path: Path) -> None:
    with LlamaCloud() as emulator:
        project = llamacloud.project(tmp_path / "project", emulator, {"a.txt": "one", "b.txt": "two"})
        spec = (project.root / "docbatch.yaml").read_text()
        project.write({"docbatch.yaml": f"{spec}guards: {{max_new: 1}}\n"})
        with running(project, *WATCH, env=environment()) as command:
            error = command.says("error")
            (project.root / "in/b.txt").unlink()
            written(project, "a.txt.md", "one\n")

            assert error["exit_code"] == 6
            assert len(command.of("error")) == 1
            assert len(emulator.ledger) == 1


def test_another_apply_goes_in_between(filled: Project) -> None:
    with running(filled, *WATCH) as command:
        written(filled, "a.txt.md", "one\n")
        filled.write({"in/b.txt": "two"})

        assert filled.applied("--lock-timeout", "1m").code == 0
        assert "b.txt.md" in filled.outputs()
        assert command.process.poll() is None


def test_wrong_specs_are_refused_at_the_beginning(project: Project) -> None:
    project.job("apiVersion: docbatch/v1")

    ended = project.call("watch")
    assert ended.code == 64
    assert "problem" in ended.err


def test_a_list_on_standard_input_is_refused(project: Project) -> None:
    project.job(JOB.replace('root: in\n  include: "**/*"', 'urls_from: "-"'))

    assert project.call("watch").code == 64


def test_what_is_not_installed_is_named(filled: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    ended = filled.call("watch")

    assert ended.code == 64
    assert "pip install 'docbatch[watch]'" in ended.err


def environment() -> dict[str, str]:
    return {**os.environ, "LLAMA_CLOUD_API_KEY": KEY, "NO_COLOR": "1"}


def test_a_kill_loses_nothing_and_pays_nothing_twice(tmp_path: Path) -> None:
    with LlamaCloud() as emulator:
        project = llamacloud.project(tmp_path / "project", emulator)
        with running(project, *WATCH, env=environment()) as command:
            command.says("intended")
            command.process.kill()
            command.ends()
        with running(project, *WATCH, env=environment()) as command:
            for name, content in llamacloud.EXPECTED.items():
                written(project, name, content.decode())
            assert command.process.poll() is None

        assert len(emulator.ledger) == len(set(emulator.ledger)) == len(llamacloud.DOCUMENTS)
        assert project.call("state", "check").code == 0


class Never:
    """Reads nothing, so that no document ends."""

    def read(self, *_arguments: object, **_named: object) -> None:
        """Let it wait."""


def test_new_files_are_sent_while_a_vendor_works_on_others(tmp_path: Path) -> None:
    with LlamaCloud() as emulator:
        project = llamacloud.project(tmp_path / "project", emulator)
        emulator.reader = Never()
        spec = (project.root / "docbatch.yaml").read_text()
        project.write({"docbatch.yaml": re.sub(r"poll: .*", "poll: {initial: 300, max: 300}", spec)})
        with running(project, *WATCH, env=environment()) as command:
            command.says("intended")
            project.write({"in/new.txt": "late"})
            command.says("intended", 2)

            assert project.outputs() == {}
            command.process.send_signal(signal.SIGTERM)
            assert command.ends() == 130
