from pathlib import Path

import pytest

import docbatch
from tests.cli.project import Project


@pytest.fixture
def files(tmp_path: Path) -> Project:
    """The files of a project with one job over in/, which is empty as yet."""
    made = Project(tmp_path / "project")
    made.job()
    return made


@pytest.fixture
def project(files: Project) -> docbatch.Project:
    """The same project as a program has it: two documents are sound, one is not."""
    files.write({"in/a.txt": "one", "in/b.txt": "two", "in/bad.pdf": b"%PDF-1.7\n"})
    return docbatch.open_project(files.root)
