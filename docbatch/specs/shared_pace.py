"""Through what runs on all machines share the pace of accounts."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SharedPace:
    """Where runs tell each other which accounts they use: a store by its name, and a `prefix` of keys that ends with "/"."""

    store: str
    prefix: str
