"""What commands about the state alone start from: the state of the project around the current folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from docbatch.api.state_settling import settle_state
from docbatch.cli.chosen_project import allowed_hosts, chosen, say_waits
from docbatch.specs.chosen_environment import Choice
from docbatch.specs.load import load_project
from docbatch.specs.values import DeclaredProject
from docbatch.state.home import Home
from docbatch.state.store import Store


def declared_project(*, untrusted: bool = False) -> DeclaredProject:
    """Return the project around the current folder, in the environment that the command line chooses."""
    project = load_project(Path.cwd(), untrusted=untrusted, choice=Choice(*chosen()))
    settle_state(project, allowed_hosts())
    say_waits()
    return project


def state_folder() -> Path:
    """Return the state folder of the project around the current folder."""
    return declared_project().state_folder


@contextmanager
def existing(folder: Path) -> Iterator[Store]:
    """Open the state for reading. Raises NoState."""
    with Home.at(folder).readable() as store:
        yield store
