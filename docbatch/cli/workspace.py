"""What commands about the state alone start from: the state of the project around the current folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from docbatch.specs.load import load_project
from docbatch.state.store import Store


def state_folder() -> Path:
    """Return the state folder of the project around the current folder."""
    return load_project(Path.cwd()).root / ".docbatch"


@contextmanager
def existing(folder: Path) -> Iterator[Store]:
    """Open the state for reading. Raises NoState."""
    with Store.readable(folder) as store:
        yield store
