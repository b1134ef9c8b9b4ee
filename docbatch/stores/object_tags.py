"""The tags of objects in a bucket of S3 or a relative, which obstore does not ask for: one request for each object."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from docbatch.stores.faults import BucketMissing, ObjectMissing, StoreFault, StoreRefused, StoreUnreachable
from docbatch.stores.s3_client import require_signing, s3_client, unsigned
from docbatch.stores.settings import StoreSettings

_REFUSED = 403
_MISSING = 404
_PASSING = 500
_NEEDED = "who asks needs s3:GetObjectTagging"


def require_tag_reading() -> None:
    """Raise UsageError where no tags can be asked for for want of the extra."""
    require_signing("tags of objects cannot be asked for", "leave tags: out")


class ObjectTags:
    """Asks for tags with the store's credentials, else the platform's own. Safe for several threads once it is connected."""

    def __init__(self, settings: StoreSettings) -> None:
        self._own = settings

    def connect(self) -> None:
        """Be ready to be asked by several threads. Raises CredentialsError, and UsageError without the extra."""
        _ = self._client

    def of(self, key: str) -> Mapping[str, str]:
        """Return an object's tags by name. Raises StoreFault, CredentialsError."""
        client = self._client
        from botocore.exceptions import (  # noqa: PLC0415 - an extra; the client has told if it is not there
            BotoCoreError,
            ClientError,
            ConnectionError,  # noqa: A004 - so it is called there
            HTTPClientError,
        )

        try:
            answer = client.get_object_tagging(Bucket=self._own.bucket, Key=key)
            return {str(each["Key"]): str(each["Value"]) for each in answer["TagSet"]}
        except ClientError as error:
            raise self._fault(error.response) from None
        except (ConnectionError, HTTPClientError) as error:
            raise StoreUnreachable(self._told(type(error).__name__)) from None
        except BotoCoreError as error:
            raise unsigned(self._own, error) from None
        except (KeyError, TypeError):
            raise StoreFault(self._told("what answers there gives no tags")) from None

    def _fault(self, response: Mapping[str, Any]) -> StoreFault:
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        code = str(response.get("Error", {}).get("Code", ""))
        said = self._told(f"{code if code.isalpha() else 'refused'}, {status}")
        if status == _MISSING:
            return BucketMissing(said) if code == "NoSuchBucket" else ObjectMissing(said)
        if status == _REFUSED:
            return StoreRefused(f"{said}; {_NEEDED}")
        return StoreUnreachable(said) if status >= _PASSING else StoreFault(said)

    def _told(self, what: str) -> str:
        return f"store '{self._own.name}': tags of an object: {what}"

    @cached_property
    def _client(self) -> Any:
        require_tag_reading()
        return s3_client(self._own)
