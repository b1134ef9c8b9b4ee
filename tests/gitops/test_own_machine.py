"""The second way: one machine whose disk stays, with the example changed as the page says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from docbatch.emulators.server import Emulator
from tests.gitops.github_runner import GitHubRunner
from tests.gitops.lake import Lake
from tests.gitops.machine import Machine, git
from tests.gitops.site import EXAMPLE, KEY, Site, paid

PAGE = (EXAMPLE.parents[1] / "docs/gitops.md").read_text()
ROW = re.compile(r"^\| `([^`|]+)` \| `([^`|]+)` \| (?:`([^`|]+)`|nothing) \|$", re.MULTILINE)
OUTPUT = "out/invoices/inbox/invoice-0001.pdf.md"


@pytest.fixture
def home(site: Site) -> Path:
    """The folder that keeps the state, for a repository that was changed for it."""
    folder = site.root / "srv" / "invoices"
    folder.parent.mkdir()
    for name, former, new in changes():
        text = (site.clone / name).read_text()
        assert len(re.findall(former, text)) >= 1, (name, former)
        (site.clone / name).write_text(re.sub(former, new, text))
    site.push(site.clone, "main")
    return folder


def changes() -> list[tuple[str, str, str]]:
    """Return what the page has changed: in which file, the lines of what, and what stands there then."""
    section = PAGE.partition("## One machine whose disk stays")[2].partition("\n## ")[0]
    rows = ROW.findall(section)
    assert len(rows) == section.count("\n| `")
    found = []
    for name, former, new in rows:
        if new:
            found.append((name, rf"(?m)^( *){re.escape(former)}", rf"\g<1>{new}"))
        else:
            found.append((name, rf"(?m)^( *){re.escape(former)}.*\n(?:\1 +.*\n)*", ""))
    return found


@pytest.fixture
def runner(site: Site, home: Path) -> GitHubRunner:
    own = Machine(site.root / "own", {**site.service, "DOCBATCH_HOME": str(home)})
    return site.github(own=own)


def of_main(site: Site, runner: GitHubRunner, name: str) -> dict[str, str]:
    return site.workflow(runner, name, git(site.remote, "rev-parse", "main")).conclusions


def test_the_state_stays_on_the_disk_of_one_machine(
    site: Site, home: Path, runner: GitHubRunner, vendor: Emulator, lake: Lake
) -> None:
    assert of_main(site, runner, "apply") == {"plan": "success", "apply": "success"}
    assert of_main(site, runner, "collect") == {"collect": "success"}

    assert (home / OUTPUT).exists()
    assert paid(vendor) == ["invoice-0001.pdf"]
    assert lake.requests == []


@pytest.mark.full
def test_where_the_disk_is_new_nothing_is_paid_twice_and_recover_goes_on(
    site: Site, home: Path, runner: GitHubRunner, vendor: Emulator
) -> None:
    of_main(site, runner, "apply")
    assert of_main(site, runner, "drift") == {"drift": "success"}
    home.rename(home.with_name("lost"))

    refused = of_main(site, runner, "apply")
    assert runner.own is not None
    recovered = runner.own.shell(
        "ci/with-state docbatch recover && ci/with-state docbatch collect --no-wait || [ $? = 4 ]",
        {"EXTEND_API_KEY": KEY},
    )

    assert refused == {"plan": "success", "apply": "failure"}
    assert paid(vendor) == ["invoice-0001.pdf"]
    assert recovered.code == 0, recovered.log


def test_a_commit_that_brings_a_state_does_not_take_the_place_of_ours(site: Site, home: Path) -> None:
    (home / ".docbatch").mkdir(parents=True)
    (home / ".docbatch/state.db").write_text("ours")
    machine = Machine(site.root / "own")
    machine.clone(site.remote, site.commit(site.clone, "main", {".docbatch/state.db": "forged"}))

    ran = machine.shell("ci/with-state --bring true", {"DOCBATCH_HOME": str(home)})

    assert ran.code == 1
    assert "this commit has a .docbatch of its own" in ran.log
    assert (home / ".docbatch/state.db").read_text() == "ours"


def test_one_job_at_a_time_works_where_the_state_is(site: Site, home: Path) -> None:
    machine = Machine(site.root / "own")
    machine.clone(site.remote, "main")
    lock = f"{home}.lock"
    holder = subprocess.Popen(
        ["flock", lock, sys.executable, "-c", "print(flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    holder.stdout.readline()
    script = machine.work / "ci/with-state"
    script.write_text(script.read_text().replace("--timeout 600", "--timeout 0"))

    held = machine.shell("ci/with-state true", {"DOCBATCH_HOME": str(home)})
    holder.communicate(b"\n")
    free = machine.shell("ci/with-state pwd", {"DOCBATCH_HOME": str(home)})

    assert held.code == 11
    assert (free.code, free.log.strip()) == (0, str(home))
