from collections.abc import Iterator
from pathlib import Path

import pytest

import docbatch
from tests.cli.pool_here import reading_here
from tests.cli.project import Project


@pytest.fixture(autouse=True)
def _reading_here() -> Iterator[None]:
    """What a program is told does not depend on which process reads."""
    with reading_here():
        yield


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
