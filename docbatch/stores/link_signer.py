"""Links to single versions of objects, for who fetches them without credentials of their own.

Who has such a link has the object for as long as it lives. Nothing here keeps one, and nothing is asked of the store.
"""

from functools import cached_property
from typing import TYPE_CHECKING, cast

from docbatch.stores.s3_client import require_signing, s3_client, unsigned
from docbatch.stores.settings import StoreSettings

if TYPE_CHECKING:
    from botocore.client import BaseClient

LIFETIME = 7 * 86_400
"""Seconds. How long work may wait at a vendor is bounded nowhere, and no signature of this kind lives longer."""


def require_link_signing() -> None:
    """Raise UsageError where no link can be signed for want of the extra."""
    require_signing("links to objects cannot be signed", "write hand_over: bytes")


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
            raise unsigned(self._own, error) from None

    @cached_property
    def _client(self) -> "BaseClient":
        require_link_signing()
        return s3_client(self._own)
