from pathlib import Path

import pytest

from tests.cli.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with one job over in/, which is empty as yet."""
    made = Project(tmp_path)
    made.job()
    return made
