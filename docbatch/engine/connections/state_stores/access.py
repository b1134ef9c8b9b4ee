"""How a state is reached that lies in a store, and the key that it is encrypted with."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from docbatch.core.errors import CredentialsError
from docbatch.engine.connections.credentials import Reference, read_state_key, read_store_secret
from docbatch.engine.connections.object_stores import store_with_credentials
from docbatch.secret_references import CommandReference
from docbatch.state.remote.state_key import read_secret

if TYPE_CHECKING:
    from docbatch.specs.values import StateInStore
    from docbatch.stores.settings import StoreSettings


@dataclass(frozen=True, slots=True)
class StateAccess:
    """Looks up what opens a state; `root` is the project's. Nothing is looked up before it is asked for.

    `allowed_hosts` names the store if its foreign endpoint may get credentials, and its spec has to say so too. Who only
    `looks` runs no command for a secret. When `offline`, and of a project that is not trusted, nothing is reached.
    """

    state: "StateInStore"
    root: Path
    allowed_hosts: Collection[str] = ()
    looks: bool = False
    offline: bool = False

    def settings(self) -> "StoreSettings":
        """Return how the store is reached; nothing is asked of it. Raises CredentialsError."""
        self._require_reach()
        return store_with_credentials(self.state.store, self._secret, self.allowed_hosts)

    def key(self) -> bytes | None:
        """Return the key of the encryption, None where there is none. Raises CredentialsError, which shows nothing of it."""
        self._require_reach()
        reference = self.state.key
        if reference is None:
            return None
        self._require_no_command(reference)
        return read_secret(read_state_key(reference, self.root))

    def _secret(self, reference: Reference) -> str:
        self._require_no_command(reference)
        return read_store_secret(self.state.store.name, reference, self.root)

    def _require_reach(self) -> None:
        name = self.state.store.name
        if self.state.store.untrusted:
            raise CredentialsError(
                f"the state lies in store '{name}', and that of an untrusted project is not looked at"
            )
        if self.offline:
            raise CredentialsError(f"the state lies in store '{name}', which is not looked at")

    def _require_no_command(self, reference: Reference) -> None:
        if self.looks and isinstance(reference, CommandReference):
            raise CredentialsError(
                f"the state in store '{self.state.store.name}' is opened with what a command prints, and none is run for who only looks",
                hint="refer to it as {env: NAME} or {file: PATH} in docbatch.yaml",
            )
