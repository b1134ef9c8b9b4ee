"""Logs: what is done, with times, and never a secret, whatever vendor is asked and whatever goes wrong."""

import json
import logging
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from docbatch.cli import logs
from docbatch.cli.logs import RedactingFormatter, begin_file
from docbatch.providers.http.redaction import CUT
from docbatch.providers.remembered_secrets import remember, without_secrets
from docbatch.testing.attempt import Attempt
from docbatch.testing.matrix import HASTE
from tests.cli.project import JOB, Project
from tests.spool.vendor_story import CONFIGS, RECOVERY, vendors
from tests.spool.vendor_story import JOB as VENDOR_JOB

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (INFO|DEBUG|WARNING) docbatch[a-z_.]*: .")


@pytest.fixture
def prepared(project: Project) -> Project:
    project.job(JOB)
    project.write({"in/a.txt": "one"})
    return project


def test_v_logs_to_stderr_with_times(prepared: Project) -> None:
    ended = prepared.call("apply", "-v")

    lines = ended.err.splitlines()
    assert ended.code == 0
    assert any("Intended(" in line for line in lines)
    assert all(LINE.match(line) for line in lines)
    assert prepared.call("apply").err == "", "the next command logs nothing"


def test_a_file_is_private_and_holds_what_stderr_does_not(prepared: Project) -> None:
    ended = prepared.call("apply", "--log-file", "run.log")

    path = prepared.root / "run.log"
    assert ended.err == ""
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert all(LINE.match(line) for line in path.read_text().splitlines())


def test_a_file_that_cannot_be_written_is_refused_before_anything_is_done(prepared: Project) -> None:
    ended = prepared.call("apply", "--log-file", "no/such/folder/run.log")

    assert ended.code == 64
    assert "cannot be written" in ended.err
    assert not (prepared.root / "out").exists()


def test_what_is_no_log_is_not_written_into(prepared: Project) -> None:
    before = (prepared.root / "in/a.txt").stat()

    ended = prepared.call("apply", "--log-file", "in/a.txt")

    assert ended.code == 64
    assert "in/a.txt: exists already and is not a log that docbatch wrote" in ended.err
    assert (prepared.root / "in/a.txt").read_text() == "one"
    assert (prepared.root / "in/a.txt").stat().st_mode == before.st_mode
    assert not (prepared.root / "out").exists()


def test_a_log_is_gone_on_with(prepared: Project) -> None:
    prepared.write({"run.log": ""})
    for _ in range(2):
        assert prepared.call("apply", "--log-file", "run.log").code == 0
    assert prepared.call("status", "--log-file", "/dev/null").code == 0


def test_a_full_file_is_begun_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MOST_BYTES", 2000)
    begin_file(tmp_path / "run.log", logging.INFO)
    try:
        for number in range(200):
            logging.getLogger("docbatch.run").info("line %d %s", number, "x" * 50)
    finally:
        logs.end()

    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["run.log", *(f"run.log.{number}" for number in range(1, 6))]
    assert all(
        path.stat().st_size <= 2000 and stat.S_IMODE(path.stat().st_mode) == 0o600
        for path in tmp_path.iterdir()
    )


@pytest.mark.parametrize("provider", ["extend", "llamacloud", "extractpage"])
def test_no_key_is_logged_at_any_vendor(tmp_path: Path, provider: str) -> None:
    story = vendors()[provider]
    with story.emulator() as emulator:
        emulator.haste = HASTE
        emulator.faults.update({2: "500", 4: "lost"})
        story.write(tmp_path, emulator, RECOVERY)
        project = Project(tmp_path)
        project.job(VENDOR_JOB.format(provider=provider, config=CONFIGS[provider]))
        attempt = Attempt(story, emulator, tmp_path, story.environment)

        ended = attempt.run("apply", "--yes", "-vv", "--log-file", "run.log")

    text = (tmp_path / "run.log").read_text() + ended.err
    key = (
        (tmp_path / "key").read_text().strip()
        if provider == "extend"
        else next(iter(story.environment.values()))
    )
    assert len(key) > 5
    assert key not in text
    assert "DEBUG docbatch.providers.http.client: " in text
    assert re.search(r"[?&](X-Amz-|signature|sig=)", text, re.IGNORECASE) is None


PLANTED = "sk_planted0123456789abcdef"


@pytest.mark.parametrize(
    "text",
    [
        f"the key is {PLANTED}",
        f"Authorization: Bearer {PLANTED}",
        f"{{'authorization': 'Bearer {PLANTED}', 'x-api-key': '{PLANTED}'}}",
        f"https://bucket.s3.amazonaws.com/a.pdf?X-Amz-Signature={PLANTED}&X-Amz-Expires=60",
        f"https://user:{PLANTED}@example.com/",
        f"x-api-key={PLANTED}",
        f"signature={PLANTED}",
    ],
)
def test_planted_secrets_are_cut(text: str) -> None:
    if text.startswith("the key"):
        remember(PLANTED)
    assert PLANTED not in without_secrets(text)
    assert CUT in without_secrets(text) or "@" not in without_secrets(text)


def test_what_is_remembered_is_cut_out_of_tracebacks_too() -> None:
    remember("a pass phrase of a pdf")
    with pytest.raises(ValueError, match="pass phrase") as raised:
        int("a pass phrase of a pdf")
    trace = (ValueError, raised.value, raised.value.__traceback__)
    record = logging.LogRecord("docbatch.x", logging.ERROR, "f", 1, "it failed", None, trace)

    text = RedactingFormatter().format(record)

    assert "pass phrase" not in text
    assert "Traceback" in text


def test_nobody_else_can_begin_a_line() -> None:
    record = logging.LogRecord("docbatch.x", logging.INFO, "f", 1, "a\n2026 forged\x1b[2J", None, None)

    assert len(RedactingFormatter().format(record).splitlines()) == 1


def test_other_libraries_are_quiet_below_warnings(tmp_path: Path) -> None:
    begin_file(tmp_path / "run.log", logging.DEBUG)
    try:
        logging.getLogger("httpx").debug("GET https://example.com/%s", PLANTED)
        logging.getLogger("httpcore").info("headers %s", PLANTED)
        logging.getLogger("elsewhere").warning("Authorization: Bearer %s", PLANTED)
        logging.getLogger("elsewhere").debug("nothing to see")
    finally:
        logs.end()

    text = (tmp_path / "run.log").read_text()
    assert PLANTED not in text
    assert text.count("\n") == 1


CRASHING = """
import sys
from unittest import mock
from docbatch import cli
from docbatch.providers.remembered_secrets import remember

remember("planted-secret")
said = "the key planted-secret, and https://example.com/a?X-Amz-Signature=planted"
with mock.patch("docbatch.api.callbacks.apply", side_effect=ZeroDivisionError(said)):
    cli.main()
"""


@pytest.mark.parametrize("verbosity", [(), ("-v",)])
def test_what_nobody_expected_shows_no_secret_and_is_logged(
    prepared: Project, verbosity: tuple[str, ...]
) -> None:
    arguments = ["apply", "--json", "--log-file", "run.log", *verbosity]
    ended = subprocess.run(
        [sys.executable, "-c", CRASHING, *arguments],
        cwd=prepared.root, capture_output=True, text=True, check=False,
    )  # fmt: skip

    *_, error, last = map(json.loads, ended.stdout.splitlines())
    log = (prepared.root / "run.log").read_text()
    assert ended.returncode == error["exit_code"] == last["exit_code"] == 1
    assert (error["type"], last["type"]) == ("error", "summary")
    assert ended.stderr.count("Traceback") == log.count("Traceback") == 1
    assert "the same command may be run again" in ended.stderr
    assert "ZeroDivisionError" in log
    assert "planted" not in ended.stdout + ended.stderr + log
