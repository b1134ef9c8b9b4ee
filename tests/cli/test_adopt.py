"""`docbatch adopt`: one batch at a vendor is taken over by its id, and nothing that is not ours."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.emulators.extractpage.service import ExtractPage
from docbatch.emulators.llamacloud.service import KEY, LlamaCloud
from docbatch.emulators.server import Emulator
from tests.cli.project import Project
from tests.providers.extend.project import extend_project
from tests.providers.extractpage import project as extractpage
from tests.providers.llamacloud import project as llamacloud

VENDORS: dict[str, tuple[Callable[[], Emulator], Callable[[Path, Any], Project]]] = {
    "extend": (ExtendEmulator, lambda root, vendor: extend_project(root, vendor, grace=0.2)),
    "extractpage": (ExtractPage, extractpage.project),
    "llamacloud": (LlamaCloud, llamacloud.project),
}


@pytest.fixture
def vendor() -> Iterator[ExtendEmulator]:
    with ExtendEmulator() as emulator:
        yield emulator
        assert emulator.errors == []


def lost(project: Project) -> list[str]:
    """Let the state be gone with all beside it, and return the ids that vendors gave to its submissions."""
    with closing(sqlite3.connect(project.root / ".docbatch/state.db")) as state:
        ids = [row[0] for row in state.execute("SELECT remote_id FROM submission ORDER BY sequence")]
    for folder in (".docbatch", "out"):
        shutil.rmtree(project.root / folder)
    return ids


@pytest.mark.parametrize("name", VENDORS)
def test_a_batch_is_taken_over_by_its_id(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", KEY)
    service, made = VENDORS[name]
    with service() as emulator:
        project = made(tmp_path, emulator)
        project.applied()
        before, paid = project.outputs(), list(emulator.ledger)
        (batch,) = lost(project)

        looked = project.call("adopt", batch, "--connection", name, "--dry-run")
        assert not (tmp_path / ".docbatch/state.db").exists()
        taken = project.call("adopt", batch, "--connection", name)
        again = project.call("adopt", batch, "--connection", name)
        project.applied()

        assert (looked.code, taken.code, again.code) == (0, 0, 64)
        assert f"{batch}: {len(paid)} documents: {len(paid)} would be taken over for job job\n" == looked.out
        assert f"{len(paid)} taken over for job job\n" in taken.out
        assert f"the state knows {batch} already: it is submission " in again.err
        assert (project.outputs(), emulator.ledger) == (before, paid)


def test_what_is_none_of_ours_is_refused(tmp_path: Path, vendor: ExtendEmulator) -> None:
    other = extend_project(tmp_path / "other", vendor, grace=0.2)
    other.applied()
    paid = len(vendor.ledger)
    (batch,) = lost(other)
    here = extend_project(tmp_path / "here", vendor, grace=0.2)
    text = (here.root / "docbatch.yaml").read_text()
    here.write({"docbatch.yaml": text.replace("testproject01", "quiteother01")})

    unknown = here.call("adopt", "bpr_nothing", "--connection", "extend")
    foreign = here.call("adopt", batch, "--connection", "extend")
    meant = here.call("adopt", batch, "--connection", "extend", "--of-project", "testproject01")
    here.applied()

    assert (unknown.code, foreign.code, meant.code) == (6, 6, 0)
    assert "shows no bpr_nothing among the work of project quiteother01" in unknown.err
    assert "is looked for with --of-project ID" in foreign.err
    assert len(vendor.ledger) == paid


def test_what_no_job_wants_is_left_alone(tmp_path: Path, vendor: ExtendEmulator) -> None:
    project = extend_project(tmp_path, vendor, grace=0.2)
    project.applied()
    (batch,) = lost(project)
    for path in (tmp_path / "in").iterdir():
        path.write_text("another text")

    left = project.call("adopt", batch, "--connection", "extend")

    assert (left.code, left.out.endswith("; it is left alone\n")) == (6, True)
    assert project.call("adopt", batch, "--connection", "nowhere").code == 64
    assert (
        "there is no job 'other'"
        in project.call("adopt", batch, "--connection", "extend", "--job", "other").err
    )


def test_a_batch_of_this_machine_is_not_adopted(project: Project) -> None:
    project.write({"in/a.txt": "one"})

    assert project.call("adopt", "x", "--connection", "local").code == 64


@pytest.mark.parametrize("remote_id", ["bpr_nothing", "local"])
def test_what_cannot_be_taken_over_leaves_no_state_behind(
    tmp_path: Path, vendor: ExtendEmulator, remote_id: str
) -> None:
    project = extend_project(tmp_path, vendor, grace=0.2)
    connection = "extend" if remote_id.startswith("bpr") else "local"

    assert project.call("adopt", remote_id, "--connection", connection).code in {6, 64}
    assert not (tmp_path / ".docbatch/state.db").exists()
