"""Opening a project: the one thing that programs begin with."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path

from docbatch.api.arguments import Place
from docbatch.api.project import Project
from docbatch.api.state_settling import settle_state
from docbatch.core.errors import UsageError
from docbatch.specs.chosen_environment import Choice
from docbatch.specs.load import load_project


def open_project(
    folder: Place = ".",
    *,
    untrusted: bool = False,
    env: str | None = None,
    vars: Mapping[str, str] | None = None,  # noqa: A002 - what specs call them
) -> Project:
    """Return the project that a folder belongs to: the nearest docbatch.yaml there or above names its root.

    Without one, the folder itself is the root. An `untrusted` one can be validated, planned and explained only: no file
    outside of it is opened, nobody asked, no variable read but DOCBATCH_VAR_…, and a state that lies in it counts for
    nothing. `env` names an environment of docbatch.yaml, and `vars` has values for its variables, before those of
    DOCBATCH_VAR_…. Raises SpecError for what is wrong in docbatch.yaml, UsageError where there is no such folder, environment
    or variable, or where an environment has to be named.
    """
    return opened(folder, Choice(env, dict(vars or {})), untrusted=untrusted)


def opened(folder: Place, choice: Choice, *, untrusted: bool, allowed_hosts: Collection[str] = ()) -> Project:
    """Open a project as `open_project` does; `allowed_hosts` names the store of the state if its foreign endpoint may get credentials."""
    try:
        here = Path(folder).resolve(strict=True)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        gone = os.fspath(folder) == "." and isinstance(error, FileNotFoundError)
        raise UsageError(
            "the current folder is gone" if gone else f"there is no folder {os.fspath(folder)}: {why}",
            hint="go to the project's folder, or name it with -C DIR" if gone else None,
        ) from error
    if not here.is_dir():
        raise UsageError(f"{os.fspath(folder)} is no folder", hint="name the folder of a project")
    declared = load_project(here, untrusted=untrusted, choice=choice)
    settle_state(declared, allowed_hosts)
    return Project(declared)
