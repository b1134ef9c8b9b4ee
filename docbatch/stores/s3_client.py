"""botocore's client for one bucket of S3 or a relative: what is asked of it that obstore cannot ask, and what is signed for others.

It takes the extra `signing`. Credentials are the store's, else the platform's own; where to ask is what the store says, whatever
this machine is set to for other programs.
"""

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from docbatch.core.errors import CredentialsError, UsageError
from docbatch.stores.client_settings import region_of
from docbatch.stores.settings import StoreSettings

if TYPE_CHECKING:
    from botocore.client import BaseClient

_NOWHERE = (None, None, os.devnull, None)
_ALONE = {"profile": (None, None, None, None), "config_file": _NOWHERE, "credentials_file": _NOWHERE}
"""What botocore is told where the store declares its credentials: a profile of this machine, or one that is missing, has no say."""
_TRIES = 5
_CONNECT_SECONDS, _ANSWER_SECONDS = 10, 60


def require_signing(what: str, instead: str) -> None:
    """Raise UsageError where nothing can be signed for want of the extra."""
    if find_spec("botocore") is None:
        raise UsageError(
            f"{what} without the extra 'signing'",
            hint=f"pip install 'docbatch[signing]', or {instead}, then run the same command again; nothing was sent",
        )


def s3_client(own: StoreSettings) -> "BaseClient":
    """Return a client that several threads may use. Raises CredentialsError; the extra has to be there."""
    from botocore.config import Config  # noqa: PLC0415 - an extra, and slow to load
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - as above
    from botocore.session import Session  # noqa: PLC0415 - as above

    how: Any = {
        "signature_version": "s3v4",
        "s3": {"addressing_style": "path" if own.path_style else "virtual"},
        "retries": {"total_max_attempts": _TRIES, "mode": "standard"},
    }
    config = Config(
        **how,
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_ANSWER_SECONDS,
        ignore_configured_endpoint_urls=True,
    )
    try:
        return Session(session_vars=_ALONE if own.credentials else None).create_client(
            "s3", region_name=region_of(own), endpoint_url=own.endpoint, config=config, **_keys(own)
        )
    except BotoCoreError as error:
        raise unsigned(own, error) from None


def unsigned(own: StoreSettings, error: Exception) -> CredentialsError:
    """Return that nothing can be signed. The class says why; what the message quotes is not ours to vouch for."""
    return CredentialsError(
        f"store '{own.name}': no request can be signed: {type(error).__name__}",
        hint="nothing was sent; set access_key and secret_key of the store, or give this machine credentials for it,"
        " then run the same command again",
    )


def _keys(own: StoreSettings) -> dict[str, str | None]:
    known = own.credentials
    if not known:
        return {}
    return {
        "aws_access_key_id": known.get("access_key_id"),
        "aws_secret_access_key": known.get("secret_access_key"),
        "aws_session_token": known.get("session_token"),
    }
