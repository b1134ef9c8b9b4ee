"""Which commit a project is of is read without running anything that its repository names."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from docbatch.state.project_commit import ProjectCommit, project_commit

GIT = shutil.which("git")
needs_git = pytest.mark.skipif(GIT is None, reason="git is not installed")
ID = "0123456789abcdef0123456789abcdef01234567"


def git(folder: Path, *arguments: str) -> str:
    assert GIT is not None
    env = {"PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(folder)}
    who = ("-c", "user.name=a", "-c", "user.email=a@b.example")
    command = [GIT, *who, *arguments]
    ended = subprocess.run(command, cwd=folder, env=env, check=True, capture_output=True, text=True)
    return ended.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "a.txt").write_text("one")
    git(folder, "add", "a.txt")
    git(folder, "commit", "-q", "-m", "first")
    return folder


@needs_git
def test_the_commit_is_told_and_that_nothing_differs(repository: Path) -> None:
    (repository / "untracked.txt").write_text("new")

    assert project_commit(repository) == ProjectCommit(git(repository, "rev-parse", "HEAD"), changed=False)


@needs_git
@pytest.mark.parametrize("is_staged", [True, False])
def test_a_tracked_file_that_differs_is_told(repository: Path, is_staged: bool) -> None:
    (repository / "a.txt").write_text("another")
    if is_staged:
        git(repository, "add", "a.txt")

    assert project_commit(repository).changed is True


@needs_git
def test_only_files_of_the_project_count_and_its_repository_may_lie_above(repository: Path) -> None:
    project = repository / "project"
    project.mkdir()
    (repository / "a.txt").write_text("another")

    assert project_commit(project) == ProjectCommit(git(repository, "rev-parse", "HEAD"), changed=False)


@needs_git
def test_packed_references_detached_heads_and_linked_work_trees_are_read(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    git(repository, "pack-refs", "--all")
    assert project_commit(repository).commit == commit

    git(repository, "worktree", "add", "-q", "-b", "side", "../linked")
    assert project_commit(repository.parent / "linked") == ProjectCommit(commit, changed=False)

    git(repository, "checkout", "-q", "--detach")
    assert project_commit(repository).commit == commit


@needs_git
@pytest.mark.parametrize("name", ["filter.evil.clean", "core.fsmonitor"])
def test_no_program_of_the_repository_runs(repository: Path, name: str) -> None:
    mark = repository.parent / "ran"
    program = repository.parent / "program"
    program.write_text(f"#!/bin/sh\ntouch {mark}\ncat\n")
    program.chmod(0o755)
    git(repository, "config", name, str(program))
    (repository / ".gitattributes").write_text("* filter=evil\n")
    (repository / "a.txt").write_text("another")

    found = project_commit(repository)

    assert not mark.exists()
    assert found.commit is not None
    assert found.changed is (True if name == "core.fsmonitor" else None)


@needs_git
def test_variables_of_git_lead_nowhere_else(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/nonexistent")

    assert project_commit(repository).changed is False


def test_without_git_the_commit_alone_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/HEAD").write_text(f"{ID}\n")

    assert project_commit(tmp_path) == ProjectCommit(ID)


@pytest.mark.parametrize(
    "head",
    [b"", b"ref: refs/heads/none", b"ref: ../../secret", b"ref: refs/../../x", b"\0", b"\xff", b"no id"],
)
def test_what_names_no_commit_is_not_known(head: bytes, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/HEAD").write_bytes(head)
    (tmp_path / "secret").write_text(ID)

    assert project_commit(tmp_path) == ProjectCommit()


def test_a_folder_outside_of_any_repository_has_no_commit(tmp_path: Path) -> None:
    assert project_commit(tmp_path) == ProjectCommit()


def test_references_that_lead_in_a_circle_end(tmp_path: Path) -> None:
    (tmp_path / ".git/refs").mkdir(parents=True)
    (tmp_path / ".git/HEAD").write_text("ref: refs/a")
    (tmp_path / ".git/refs/a").write_text("ref: refs/a")

    assert project_commit(tmp_path) == ProjectCommit()
