"""Addresses of Ray clusters, as a connection names them."""

import re

from docbatch.core.errors import UsageError

_ADDRESS = re.compile(r"(?:ray://)?(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})")


def checked(address: str) -> str:
    """Return an address that Ray can be given. Raises UsageError."""
    if _ADDRESS.fullmatch(address):
        return address
    raise UsageError(
        "the address of the cluster is none",
        hint="write host:port as in head.example:6379, or ray://host:port for Ray's client",
    )


def host_and_port(address: str) -> tuple[str, int]:
    """Return where a checked address is found."""
    parts = _ADDRESS.fullmatch(address)
    assert parts
    return parts["host"].strip("[]"), int(parts["port"])
