"""Where in a store the state lies, and where runs on all machines tell each other which accounts they use."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docbatch.secret_references import Reference
    from docbatch.specs.values import StoreConnection

ACCOUNTS = "docbatch-accounts/"
"""The prefix of what runs tell each other, where docbatch.yaml names no other: projects that share a bucket and an account find each other."""


@dataclass(frozen=True, slots=True)
class SharedPace:
    """Where runs tell each other which accounts they use: a store by its name, and a `prefix` of keys that ends with "/"."""

    store: str
    prefix: str


@dataclass(frozen=True, slots=True)
class StateInStore:
    """Where in a store the state lies: `prefix` ends with "/", and `key` is where that of its encryption is found, if it has one.

    Below `accounts`, which ends with "/" as well, runs tell each other which accounts they use.
    """

    store: "StoreConnection"
    prefix: str
    key: "Reference | None" = None
    accounts: str = ACCOUNTS

    @property
    def pace(self) -> SharedPace:
        return SharedPace(self.store.name, self.accounts)
