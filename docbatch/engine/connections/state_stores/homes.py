"""Where the state of a project is at home, as its docbatch.yaml says."""

import os
from collections.abc import Collection
from functools import partial
from time import sleep
from typing import TYPE_CHECKING

from docbatch.state.homes import keep_elsewhere

if TYPE_CHECKING:
    from docbatch.specs.stored_state import StateInStore
    from docbatch.specs.values import DeclaredProject
    from docbatch.state.remote.remote_state import StatePlace

ALLOWED_HOSTS = "DOCBATCH_ALLOW_HOSTS"
"""The variable with the names of connections and stores whose foreign hosts may get credentials, apart by spaces."""


def settle_home(project: "DeclaredProject", allowed_hosts: Collection[str] = ()) -> None:
    """Have the state of a project be at home where docbatch.yaml says. Nothing is asked of a store before the state is needed.

    `allowed_hosts` names the store if its foreign endpoint may get credentials, beside those of a variable. That of a project that is not trusted is not looked at anywhere.
    """
    state, folder = project.state_store, project.state_folder
    if state is None or project.untrusted:
        keep_elsewhere(folder, None)
        return
    from docbatch.specs.state_place import place_of  # noqa: PLC0415 - few projects have their state in a store
    from docbatch.state.remote.remote_home import RemoteHome  # noqa: PLC0415 - as above

    allowed = {*allowed_hosts} | set(os.environ.get(ALLOWED_HOSTS, "").split())
    keep_elsewhere(
        folder, RemoteHome(folder, project.mark, place_of(state), partial(_reach, project, state, allowed))
    )


def _reach(
    project: "DeclaredProject", state: "StateInStore", allowed: Collection[str], *, looks: bool
) -> "StatePlace":
    """Return the place of a state, of which nothing is asked yet. Raises CredentialsError."""
    from docbatch.engine.connections.state_stores.access import StateAccess  # noqa: PLC0415 - as above
    from docbatch.state.remote.record_stores import BucketRecords  # noqa: PLC0415 - as above
    from docbatch.state.remote.remote_state import StatePlace  # noqa: PLC0415 - as above
    from docbatch.state.remote.state_chunks import ChunkForm  # noqa: PLC0415 - as above
    from docbatch.state.remote.state_key import StateKey  # noqa: PLC0415 - as above

    access = StateAccess(state, project.root, allowed, looks)
    records, key = BucketRecords(access.settings(), state.prefix), access.key()
    return StatePlace(records, sleep, ChunkForm(None if key is None else StateKey.of(key, project.mark)))
