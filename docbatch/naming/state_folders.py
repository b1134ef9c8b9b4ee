"""Where the state of a project lies: in one folder below its root, and that of each environment in a folder of its own inside."""

from pathlib import Path

from docbatch.naming.filenames import STATE

ENVIRONMENTS = "env"
"""The folder in the state folder that holds those of environments, by name."""


def state_folder(root: Path, environment: str | None = None) -> Path:
    """Return the state folder of the project at a root, or of one of its environments."""
    folder = root / STATE
    return folder if environment is None else folder / ENVIRONMENTS / environment


def shared_folder(folder: Path) -> Path:
    """Return the folder that a state folder is or lies in: the one below the project's root."""
    return folder if environment_of(folder) is None else folder.parent.parent


def project_root(folder: Path) -> Path:
    """Return the root of the project that a state folder belongs to."""
    return shared_folder(folder).parent


def environment_of(folder: Path) -> str | None:
    """Return the name of the environment whose state folder it is; None where it is of none."""
    *_, state, environments, name = ("", "", *folder.parts)
    is_one = state == STATE and environments == ENVIRONMENTS and name != STATE
    return name if is_one else None
