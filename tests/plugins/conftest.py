from pathlib import Path

import pytest

from tests.cli.project import Project
from tests.plugins.packages import Packages


@pytest.fixture
def packages(tmp_path: Path) -> Packages:
    return Packages(tmp_path / "site")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path / "project")
    made.write({"in/a.txt": "apple", "in/b.txt": "berry", "in/c.txt": "cherry"})
    return made
