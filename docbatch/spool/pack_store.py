"""What a spool needs of a place beside this machine in which packs lie as well."""

from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Protocol

from docbatch.core.models import StoredPack


class PackStore(Protocol):
    """A store of packs. One that is there is never another: its name was drawn for it alone."""

    def put(self, name: str, path: Path) -> StoredPack:
        """Put a pack that is complete, and return where it lies; what stands there already, and is the same, is as good.

        Raises StateError where it is not known to stand, CredentialsError, OSError where the file cannot be read.
        """

    def fetch(self, pack: StoredPack, to: Path) -> None:
        """Write a pack to a new file, which is of no use where this raises.

        Raises AlteredState where it is gone or is another, StateError where the store cannot be asked, CredentialsError, OSError.
        """

    def names(self) -> AbstractSet[str]:
        """Return the names of all objects of packs. Raises StateError, CredentialsError."""
