"""Machines that share no file and work with one state in a bucket."""

from pathlib import Path

from tests.cli.project import Project
from tests.cli.stored_project import TEXTS, project_file
from tests.stores.moto_server import MotoBucket

STATE = "state: {store: lake, prefix: state/}\n"


def machine(root: Path, bucket: MotoBucket, state: str = STATE) -> Project:
    """Return a project with a state in a bucket, in a folder of its own."""
    made = Project(root)
    made.write({**TEXTS, "docbatch.yaml": project_file(bucket) + state})
    made.job()
    return made


def stateless(project: Project, bucket: MotoBucket) -> None:
    """Let docbatch.yaml say nothing of the state."""
    project.write({"docbatch.yaml": project_file(bucket)})


def stated(project: Project, bucket: MotoBucket, state: str = STATE) -> None:
    project.write({"docbatch.yaml": project_file(bucket) + state})
