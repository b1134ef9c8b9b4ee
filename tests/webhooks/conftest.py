from pathlib import Path

import pytest

from tests.cli.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project that may receive webhooks."""
    made = Project(tmp_path)
    made.write({"docbatch.yaml": "project: {id: pabcdef012345}\n"})
    return made
