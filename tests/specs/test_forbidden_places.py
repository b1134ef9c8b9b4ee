"""Sinks that write where nobody means them to."""

from pathlib import Path

import pytest

from docbatch.core.errors import SpecError
from docbatch.specs.load import load_jobs, load_project

JOB = """
apiVersion: docbatch/v1
name: a
source: {{root: in, include: '*.pdf'}}
sink: [{{type: files, path: '{path}/{{{{ doc.path }}}}.md'}}]
"""


def told(root: Path, path: str) -> list[str]:
    (root / "jobs").mkdir(parents=True)
    (root / "docbatch.yaml").write_text("project: {id: ptestproject1}\nvars: {home: $HOME/x, tilde: ~/x}\n")
    (root / "jobs/a.yaml").write_text(JOB.format(path=path))
    try:
        load_jobs(load_project(root))
    except SpecError as error:
        return [problem.message for problem in error.problems]
    return []


@pytest.mark.parametrize("path", [".git/x", "x/.GIT", ".docBatch/x", ".g\u200cit/x", "x/.Git "])
def test_folders_of_git_and_docbatch_are_refused_in_any_letter_case(tmp_path: Path, path: str) -> None:
    (message,) = told(tmp_path / "p", path)

    assert message.endswith("own folder")


@pytest.mark.parametrize("path", ["x/.github", "git/x", ".gitlab", "x.git/y"])
def test_other_names_are_fine(tmp_path: Path, path: str) -> None:
    assert told(tmp_path / "p", path) == []


@pytest.mark.parametrize("path", ["out", "out/deep", "a/out"])
def test_a_link_out_of_the_project_is_refused(tmp_path: Path, path: str) -> None:
    for link in ("p/out", "p/a/out"):
        (tmp_path / link).parent.mkdir(exist_ok=True)
        (tmp_path / link).symlink_to(tmp_path)

    (message,) = told(tmp_path / "p", path)

    assert message.endswith(f"leads out of the project, to {tmp_path}{'/deep' if 'deep' in path else ''}")


def test_a_link_inside_the_project_is_followed_but_for_folders_of_others(tmp_path: Path) -> None:
    (tmp_path / "p/real").mkdir(parents=True)
    (tmp_path / "p/.git/hooks").mkdir(parents=True)
    (tmp_path / "p/out").symlink_to("real")
    (tmp_path / "p/hooks").symlink_to(".git/hooks")

    assert told(tmp_path / "p", "out") == []
    (tmp_path / "p/jobs/a.yaml").unlink()
    (tmp_path / "p/jobs").rmdir()
    assert told(tmp_path / "p", "hooks") == [".git is git's own folder"]


def test_a_folder_elsewhere_is_fine_by_its_own_name(tmp_path: Path) -> None:
    assert told(tmp_path / "p", str(tmp_path / "elsewhere")) == []


@pytest.mark.parametrize("name", ["home", "tilde"])
def test_what_a_shell_would_fill_in_is_refused_where_a_variable_brings_it(tmp_path: Path, name: str) -> None:
    (message,) = told(tmp_path / "p", "{{ vars." + name + " }}")

    assert "is not expanded" in message
