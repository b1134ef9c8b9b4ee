from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.project import Project
from tests.hints.table import MARK, Hints, unseen


@pytest.fixture
def hints(request: pytest.FixtureRequest) -> Iterator[Hints]:
    """The hints of the row; all of them have to be seen."""
    found = Hints(getattr(request.function, MARK))
    yield found
    if not request.session.testsfailed:
        assert list(unseen(found)) == []


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with one job over in/, which is empty as yet."""
    made = Project(tmp_path)
    made.job()
    return made
