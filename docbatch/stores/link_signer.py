"""Links to single versions of objects, for who fetches them without credentials of their own.

Who has such a link has the object for as long as it lives. Nothing here keeps one, and nothing is asked of the store.
"""

import os
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, cast

from docbatch.core.errors import CredentialsError, UsageError
from docbatch.stores.client_settings import region_of
from docbatch.stores.settings import StoreSettings

if TYPE_CHECKING:
    from botocore.client import BaseClient

LIFETIME = 7 * 86_400
"""Seconds. How long work may wait at a vendor is bounded nowhere, and no signature of this kind lives longer."""

_NOWHERE = (None, None, os.devnull, None)
_ALONE = {"profile": (None, None, None, None), "config_file": _NOWHERE, "credentials_file": _NOWHERE}
"""What botocore is told where the store declares its credentials: a profile of this machine, or one that is missing, has no say."""


def require_signing() -> None:
    """Raise UsageError where nothing can be signed for want of the extra."""
    if find_spec("botocore") is None:
        raise UsageError(
            "links to objects cannot be signed without the extra 'signing'",
            hint="pip install 'docbatch[signing]', or write hand_over: bytes, then run the same command again;"
            " nothing was sent",
        )


class LinkSigner:
    """Signs for one bucket of S3 or a relative, with the store's credentials, else the platform's own. Safe for several threads."""

    def __init__(self, settings: StoreSettings) -> None:
        self._own = settings

    def link(self, key: str, version: str) -> str:
        """Return a link by which this version is fetched. Raises CredentialsError, and UsageError without the extra."""
        client = self._client
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - an extra; the client has told if it is not there

        wanted = {"Bucket": self._own.bucket, "Key": key, "VersionId": version}
        try:
            return cast("str", client.generate_presigned_url("get_object", Params=wanted, ExpiresIn=LIFETIME))
        except BotoCoreError as error:
            raise self._unsigned(error) from None

    @cached_property
    def _client(self) -> "BaseClient":
        require_signing()
        from botocore.config import Config  # noqa: PLC0415 - an extra, and slow to load
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - as above
        from botocore.session import Session  # noqa: PLC0415 - as above

        own = self._own
        style = "path" if own.path_style else "virtual"
        # The endpoint is that of the store, whatever this machine is set to for other programs.
        how: Any = {"signature_version": "s3v4", "s3": {"addressing_style": style}}
        config = Config(**how, ignore_configured_endpoint_urls=True)
        try:
            return Session(session_vars=_ALONE if own.credentials else None).create_client(
                "s3", region_name=region_of(own), endpoint_url=own.endpoint, config=config, **self._keys
            )
        except BotoCoreError as error:
            raise self._unsigned(error) from None

    @property
    def _keys(self) -> dict[str, str | None]:
        known = self._own.credentials
        if not known:
            return {}
        return {
            "aws_access_key_id": known.get("access_key_id"),
            "aws_secret_access_key": known.get("secret_access_key"),
            "aws_session_token": known.get("session_token"),
        }

    def _unsigned(self, error: Exception) -> CredentialsError:
        # The class says which it is; what the message quotes is not ours to vouch for.
        return CredentialsError(
            f"store '{self._own.name}': no link can be signed: {type(error).__name__}",
            hint="nothing was sent; set access_key and secret_key of the store, or give this machine credentials for it,"
            " then run the same command again",
        )
