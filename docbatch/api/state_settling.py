"""Having the state of a project be where its docbatch.yaml says, from the moment that is read."""

import sys
from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docbatch.specs.values import DeclaredProject

_HOMES = "docbatch.state.homes"


def settle_state(project: "DeclaredProject", allowed_hosts: Collection[str] = ()) -> None:
    """Know where the state of a project is at home. Nothing is loaded for one that lies on this disk, nor asked of a store yet.

    `allowed_hosts` names the store if its foreign endpoint may get credentials.
    """
    if project.state_store is None and _HOMES not in sys.modules:
        # Nothing that this process opened before had its state elsewhere.
        return
    from docbatch.engine.connections.state_stores.homes import settle_home

    settle_home(project, allowed_hosts)
