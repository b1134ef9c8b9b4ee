"""How the connections of a project are reached: what their provider's kind makes of their settings."""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from docbatch.core.errors import CredentialsError, UsageError
from docbatch.core.models import Stops
from docbatch.engine.connections.credentials import foreign_host, read_key
from docbatch.engine.connections.object_stores import ObjectStores
from docbatch.engine.connections.workspace_setting import read_variable, read_workspace
from docbatch.naming.links import is_loopback
from docbatch.providers import REGISTRY
from docbatch.providers.kind import ProviderKind, Settings, Surroundings, own_limiter
from docbatch.secret_references import EnvReference
from docbatch.specs.checkout import variables
from docbatch.specs.values import Connection

if TYPE_CHECKING:
    from docbatch.engine.connections.provider_connections import Access
    from docbatch.providers.accounts.runs_elsewhere import AccountsInStore
    from docbatch.providers.accounts.shared_account import SharedAccount
    from docbatch.specs.stored_state import SharedPace
    from docbatch.stores.object_store import ObjectStore


def accesses(
    connections: Iterable[Connection],
    root: Path,
    incoming: Path,
    wake: Callable[[], None],
    allowed_hosts: Collection[str] = (),
    *,
    stores: ObjectStores | None = None,
    pace: "SharedPace | None" = None,
) -> "Iterator[Access]":
    """Return how to reach each of the connections. Keys are read when one is opened.

    `allowed_hosts` names the connections whose foreign host may get the key, if their spec says so too. Links to objects are
    signed for `stores`, by who sends something, and through one of them runs on other machines share a `pace`.
    """
    from docbatch.engine.connections.provider_connections import UNREACHABLE_AFTER, Access  # noqa: PLC0415 - what only looks reaches nobody

    signing = {} if stores is None else {"link": stores.link}
    in_store = None if pace is None or stores is None else _in_store(pace, stores)
    for connection in connections:
        kind = REGISTRY.kind(connection.type)
        own = connection_settings(connection)
        woken, over = threading.Event(), threading.Event()
        ring = partial(_ring, woken, wake)
        key = partial(_key, connection, kind, root, allowed_hosts, over)
        address = partial(_address, connection, allowed_hosts)
        account = kind.account(own)
        shared = None if kind.service is None else _shared(own, account, root, in_store)
        limiter = own_limiter if shared is None else shared.limiter
        surroundings = Surroundings(incoming, ring, key, address, limiter=limiter, **signing)
        yield Access(
            connection.name,
            account,
            kind.traits(own),
            partial(kind.connect, own, surroundings),
            kind.read,
            kind.name if REGISTRY.is_everywhere(kind.name) else None,
            woken,
            over,
            connection.unreachable_after or UNREACHABLE_AFTER,
            shared,
        )


def what_stops(connection: Connection) -> Stops | None:
    """Return what of its work the vendor of a connection can stop; None where that cannot be told here."""
    try:
        return REGISTRY.kind(connection.type).traits(connection_settings(connection)).stops
    except (CredentialsError, UsageError):
        return None


def _in_store(pace: "SharedPace", stores: ObjectStores) -> "AccountsInStore":
    from docbatch.providers.accounts.runs_elsewhere import AccountsInStore  # noqa: PLC0415 - few projects have a state in a store

    return AccountsInStore(partial(_asked_once, stores, pace.store), pace.prefix)


def _asked_once(stores: ObjectStores, name: str) -> "ObjectStore":
    """Return a store that is not asked again when it does not answer: who asks does so by itself."""
    from docbatch.stores.object_store import ObjectStore  # noqa: PLC0415 - as above

    return ObjectStore(stores.open(name).settings, repeats=False)


def _shared(
    settings: Settings, account: str, root: Path, in_store: "AccountsInStore | None" = None
) -> "SharedAccount":
    from docbatch.providers.accounts.shared_account import SharedAccount  # noqa: PLC0415 - the local engine has none

    return SharedAccount(settings.type, account, root, settings.variables, in_store)


def account_users(connection: Connection, root: Path) -> str:
    """Say which processes of other projects on this machine use the account of a connection; empty where none does."""
    kind = REGISTRY.kind(connection.type)
    if kind.service is None:
        return ""
    try:
        own = connection_settings(connection)
        return _shared(own, kind.account(own), root).seen()
    except (CredentialsError, UsageError):
        return ""


def _ring(woken: threading.Event, wake: Callable[[], None]) -> None:
    woken.set()
    wake()


def _key(
    connection: Connection, kind: ProviderKind, root: Path, allowed: Collection[str], over: threading.Event
) -> str:
    host = urlsplit(connection.base_url or "").hostname
    own = frozenset() if kind.service is None else kind.service.hosts
    is_meant = connection.allow_host and connection.name in allowed
    if host is not None and host not in own and not is_loopback(host) and not is_meant:
        raise foreign_host("connection", connection.name, "key", host, kind.name)
    usual = None if kind.service is None else EnvReference(env=kind.service.key_variable)
    return read_key(connection.name, connection.api_key or usual, root, over)


def _address(connection: Connection, allowed: Collection[str]) -> str | None:
    """Return where a connection's work is done. What a file names is held to the same rule as a host that gets a key."""
    written = connection.address
    if isinstance(written, EnvReference):
        return read_variable(connection, written.env)
    host = None if written is None else urlsplit(written if "//" in written else f"//{written}").hostname
    is_meant = connection.allow_host and connection.name in allowed
    if host is not None and not is_loopback(host) and not is_meant:
        raise foreign_host("connection", connection.name, "documents", host, "this machine")
    return written


def connection_settings(connection: Connection) -> Settings:
    """Return a connection as its provider sees it. Raises CredentialsError when a named variable is not set."""
    recovery, poll, rates = connection.recovery, connection.poll, connection.rates
    return Settings(
        name=connection.name,
        type=connection.type,
        base_url=connection.base_url,
        workspace=read_workspace(connection),
        grace=recovery.grace,
        resend=None if recovery.then is None else recovery.then == "resend",
        poll_initial=None if poll is None else poll.initial,
        poll_max=None if poll is None else poll.max,
        requests_per_second=rates.requests_per_second,
        in_flight=rates.in_flight,
        # How many processors there are is nothing to look for on behalf of somebody's repository: no work is done for it.
        workers=1 if connection.untrusted else connection.workers,
        on=connection.on,
        api_version=connection.api_version,
        variables=variables(untrusted=connection.untrusted),
    )
