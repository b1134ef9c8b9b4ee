"""URLs that a project file names for services: https, or plain http for this machine, and nothing of a secret in them."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from docbatch.fields import refuse
from docbatch.naming.links import is_loopback

BASE_URL = r"^https?://\S+$(?!\n)"
_HOST = r"(?:\[[^\s/?#@\]]+\]|[^\s/?#@:\[\]]+)"
_LOOPBACK = r"(?:[Ll][Oo][Cc][Aa][Ll][Hh][Oo][Ss][Tt]|127\.[0-9.]+|\[[^\s/?#@\]]+\])"
# What `_base_url` finds in a URL, as far as a pattern can say it.
_PLAIN_URL = rf"^(?:https://{_HOST}|http://{_LOOPBACK})(?::[0-9]*)?(?:/[^\s?#]*)?\??#?$(?!\n)"


def _base_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        refuse("this is not a URL", "write as in https://api.example.com")
    if not host:
        refuse("the URL has no host", "write as in https://api.example.com")
    if parts.username is not None or parts.password is not None:
        refuse("a URL with a user or password in it is refused", "use api_key: {env: NAME}")
    if parts.query or parts.fragment:
        refuse("a base URL has no ? or # part", "cut it off")
    if parts.scheme == "http" and not is_loopback(host):
        refuse(
            "plain http would send the key unencrypted", "use https; http is for this machine (loopback) only"
        )
    return url.rstrip("/")


BaseUrl = Annotated[
    str,
    Field(pattern=BASE_URL, max_length=1000, json_schema_extra={"pattern": _PLAIN_URL}),
    AfterValidator(_base_url),
]
