"""The stores of a project as sources and sinks use them: credentials looked up once, and given to no host that may not have them."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from docbatch.core.errors import CredentialsError, UsageError
from docbatch.engine.connections.credentials import Reference, foreign_host, read_store_secret
from docbatch.naming.links import is_loopback
from docbatch.secret_references import CommandReference

if TYPE_CHECKING:
    from docbatch.naming.references import ObjectReference
    from docbatch.sinks.kind import Bucket
    from docbatch.sources.object_meter import ReadingCare
    from docbatch.specs.stores import RemoteStoreSpec
    from docbatch.specs.values import StoreConnection
    from docbatch.stores.link_signer import LinkSigner
    from docbatch.stores.object_store import ObjectStore
    from docbatch.stores.object_tags import ObjectTags
    from docbatch.stores.settings import StoreSettings


class ObjectStores:
    """Opens each store once. `allowed_hosts` names those whose foreign endpoint may get credentials, if their spec says so too.

    Who only `looks` runs no command for a secret. Nothing is asked of any store when `offline`.
    `care` is what sources do beside while they list and read.
    """

    def __init__(
        self,
        declared: "Mapping[str, StoreConnection]",
        root: Path,
        allowed_hosts: Collection[str] = (),
        *,
        looks: bool = False,
        offline: bool = False,
        care: "ReadingCare | None" = None,
    ) -> None:
        self.offline = offline
        self.care = care
        self._declared = declared
        self._root = root
        self._allowed_hosts = allowed_hosts
        self._looks = looks
        self._opened: dict[str, ObjectStore] = {}
        self._signers: dict[str, LinkSigner] = {}
        self._tags: dict[str, ObjectTags] = {}
        self._signing = Lock()

    def open(self, name: str) -> "ObjectStore":
        """Return a store that is no folder; nothing is asked of it yet. Raises CredentialsError."""
        if self.offline:
            raise CredentialsError(f"store '{name}' is not looked at")
        if name not in self._opened:
            from docbatch.stores.object_store import ObjectStore  # noqa: PLC0415 - few projects have stores

            self._opened[name] = ObjectStore(self._settings(name))
        return self._opened[name]

    def expect_links(self) -> None:
        """Make sure, before anything is sent, that there is what signs links. Raises UsageError."""
        if not self._looks:
            from docbatch.stores.link_signer import require_link_signing  # noqa: PLC0415 - few projects hand over links

            require_link_signing()

    def tags(self, name: str) -> "ObjectTags":
        """Return who asks a store for tags, ready to be asked by several threads. Raises CredentialsError, UsageError."""
        from docbatch.stores.object_tags import ObjectTags  # noqa: PLC0415 - few jobs ask for tags

        if name not in self._tags:
            made = ObjectTags(self._settings(name))
            made.connect()
            self._tags[name] = made
        return self._tags[name]

    def link(self, reference: "ObjectReference") -> str:
        """Sign a link to an object, with what one of the store's names is given. Raises CredentialsError."""
        trouble = CredentialsError(
            f"no store under stores: is {reference.store} any more, so no link to an object there can be signed",
            hint="nothing was sent; put the store back into docbatch.yaml, then run the same command again",
        )
        for name in self._declared:
            if self._identity(name) == reference.store:
                try:
                    return self._signer(name).link(reference.key, reference.version)
                except CredentialsError as error:
                    trouble = error
        raise trouble

    def _signer(self, name: str) -> "LinkSigner":
        from docbatch.stores.link_signer import LinkSigner  # noqa: PLC0415 - few projects hand over links

        with self._signing:
            if name not in self._signers:
                self._signers[name] = LinkSigner(self._settings(name))
            return self._signers[name]

    def _identity(self, name: str) -> str | None:
        from docbatch.specs.stores import FolderStoreSpec, store_settings  # noqa: PLC0415 - few projects have stores

        spec = self._declared[name].declared
        return None if isinstance(spec, FolderStoreSpec) else store_settings(name, spec).identity

    def named(self, place: bytes) -> tuple[str, str]:
        """Return which store a place lies in, and its key there. Raises UsageError where docbatch.yaml declares none."""
        from docbatch.specs.stores import FolderStoreSpec, store_settings  # noqa: PLC0415 - few projects have stores

        text = place.decode(errors="replace")
        for name, each in self._declared.items():
            if isinstance(each.declared, FolderStoreSpec):
                continue
            bucket = store_settings(name, each.declared).identity
            if text == bucket or text.startswith(f"{bucket}/"):
                return name, text[len(bucket) + 1 :]
        raise UsageError("docbatch.yaml declares no such store", hint="declare it under stores:")

    def bucket(self, place: bytes) -> "Bucket":
        """Return what a sink is opened with that lies in a store; nothing is asked of it yet. Raises UsageError."""
        from docbatch.sinks.kind import Bucket  # noqa: PLC0415 - few projects have stores

        name, folder = self.named(place)
        return Bucket(lambda: self.open(name), folder)

    def _settings(self, name: str) -> "StoreSettings":
        secret = partial(self._secret, name)
        return store_with_credentials(self._declared[name], secret, self._allowed_hosts)

    def _secret(self, name: str, reference: Reference) -> str:
        if not self._looks:
            return read_store_secret(name, reference, self._root)
        beside = "'docbatch plan --offline' shows what is due without looking there"
        if isinstance(reference, CommandReference):
            raise CredentialsError(
                f"store '{name}' gets its secret from a command, which is run by 'docbatch apply' alone",
                hint=beside,
            )
        try:
            return read_store_secret(name, reference, self._root)
        except CredentialsError as error:
            hint = beside if error.hint is None else f"{error.hint}; {beside}"
            raise CredentialsError(error.message, hint=hint) from None


def store_with_credentials(
    store: "StoreConnection", secret: Callable[[Reference], str], allowed_hosts: Collection[str]
) -> "StoreSettings":
    """Return how a store is reached that is no folder, each `secret` looked up. Raises CredentialsError."""
    from docbatch.specs.stores import FolderStoreSpec, store_settings  # noqa: PLC0415 - few projects have stores

    spec = store.declared
    assert not isinstance(spec, FolderStoreSpec), "a folder is read as a folder"
    _check_host(store.name, spec, allowed_hosts)
    wanted = {setting: reference for setting, reference in _references(spec).items() if reference is not None}
    return store_settings(
        store.name, spec, {setting: secret(reference) for setting, reference in wanted.items()}
    )


def _check_host(name: str, spec: "RemoteStoreSpec", allowed_hosts: Collection[str]) -> None:
    from docbatch.stores.settings import is_own_host  # noqa: PLC0415 - few projects have stores

    host = urlsplit(spec.endpoint or "").hostname
    if host is None or is_own_host(spec.type, host) or is_loopback(host):
        return
    if not (spec.allow_host and name in allowed_hosts):
        raise foreign_host("store", name, "credentials", host, spec.type)


def _references(spec: "RemoteStoreSpec") -> Mapping[str, Reference | None]:
    """Return where secrets are found, by the names of obstore's settings."""
    match spec.type:
        case "s3":
            return {
                "access_key_id": spec.access_key,
                "secret_access_key": spec.secret_key,
                "session_token": spec.session_token,
            }
        case "gcs":
            return {"service_account_key": spec.service_account_key}
        case "azure":
            return {"account_key": spec.account_key, "sas_key": spec.sas}
