"""Where the state of a project is at home, as its docbatch.yaml says."""

import os
import time
from functools import partial
from typing import TYPE_CHECKING

from docbatch.state.homes import keep_elsewhere, tell_wait

if TYPE_CHECKING:
    from docbatch.specs.values import DeclaredProject, StateInStore
    from docbatch.state.remote.remote_state import StatePlace

LONG = 5.0
"""Seconds of a wait from which on it is told."""
ALLOWED_HOSTS = "DOCBATCH_ALLOW_HOSTS"
"""The variable with the names of connections and stores whose foreign hosts may get credentials, apart by spaces."""


def settle_home(project: "DeclaredProject", allowed_hosts: frozenset[str] = frozenset()) -> None:
    """Have the state of a project be at home where docbatch.yaml says. Nothing is asked of a store before the state is needed.

    That of a project that is not trusted is not looked at anywhere.
    """
    state, folder = project.state_store, project.state_folder
    if state is None or project.untrusted:
        keep_elsewhere(folder, None)
        return
    from docbatch.specs.state_place import place_of  # noqa: PLC0415 - few projects have their state in a store
    from docbatch.state.remote.remote_home import RemoteHome  # noqa: PLC0415 - as above

    allowed = allowed_hosts | set(os.environ.get(ALLOWED_HOSTS, "").split())
    keep_elsewhere(
        folder, RemoteHome(folder, project.mark, place_of(state), partial(_reach, project, state, allowed))
    )


def _reach(
    project: "DeclaredProject", state: "StateInStore", allowed: frozenset[str], *, looks: bool
) -> "StatePlace":
    """Return the place of a state, of which nothing is asked yet. Raises CredentialsError."""
    from docbatch.engine.connections.state_stores.access import StateAccess  # noqa: PLC0415 - as above
    from docbatch.state.remote.record_stores import BucketRecords  # noqa: PLC0415 - as above
    from docbatch.state.remote.remote_state import StatePlace  # noqa: PLC0415 - as above
    from docbatch.state.remote.state_chunks import ChunkForm  # noqa: PLC0415 - as above
    from docbatch.state.remote.state_key import StateKey  # noqa: PLC0415 - as above

    access = StateAccess(state, project.root, allowed, looks)
    records, key = BucketRecords(access.settings(), state.prefix), access.key()
    return StatePlace(records, _wait, ChunkForm(None if key is None else StateKey.of(key, project.mark)))


def _wait(seconds: float) -> None:
    if seconds > LONG:
        tell_wait(
            "the run before did not let go of the state in the store: waiting"
            f" {seconds:g} s, until nothing that it was about to send can still leave its machine"
        )
    time.sleep(seconds)
