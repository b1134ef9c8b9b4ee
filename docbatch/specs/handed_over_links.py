"""Whether a job can hand over links to objects in place of their bytes."""

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from docbatch.core.models import Input, Operation
from docbatch.naming.links import is_loopback
from docbatch.providers import REGISTRY
from docbatch.sources.options import StoreOptions
from docbatch.specs.checkout import variables
from docbatch.specs.values import Connection, StoreConnection

_BYTES = "write hand_over: bytes, or leave it out"
Fault = tuple[str, str]
"""What is wrong, and what to do."""


def link_faults(
    written: StoreOptions, store: StoreConnection, connection: Connection | None, operation: Operation
) -> Iterator[Fault]:
    """Yield what keeps a source from handing over links. Without a `connection` it is judged as far as that goes."""
    if connection is not None:
        kind = REGISTRY.kind(connection.type)
        if Input.OBJECT not in kind.inputs(operation):
            yield f"{kind.name} does not fetch objects by links", _BYTES
            return
    if written.containers == "open":
        yield (
            "what lies in containers has no link of its own, and hand_over: link hands over links alone",
            _BYTES,
        )
    spec = store.declared
    if spec.type != "s3":
        told = (
            f"links are signed for stores of type s3 alone, and store '{store.name}' is of type {spec.type}"
        )
        yield told, _BYTES
        return
    host = urlsplit(spec.endpoint or "").hostname or ""
    if _is_private(host) and not written.allow_private and not _is_at_home(connection):
        yield (
            f"store '{store.name}' is at {host}, which the provider cannot reach from where it is",
            f"{_BYTES}; where the provider is in the same network, set allow_private: true beside it",
        )


def _is_private(host: str) -> bool:
    """Say whether a host is of this machine or of a private network, without asking a name server."""
    try:
        return not ip_address(host.strip("[]")).is_global
    except ValueError:
        return is_loopback(host)


def _is_at_home(connection: Connection | None) -> bool:
    """Say whether the provider is on this machine, as an emulated one is; unknown ones count as that."""
    if connection is None:
        return True
    service = REGISTRY.kind(connection.type).service
    named = (
        None if service is None else variables(untrusted=connection.untrusted).get(service.address_variable)
    )
    return is_loopback(urlsplit(connection.base_url or named or "").hostname or "")
