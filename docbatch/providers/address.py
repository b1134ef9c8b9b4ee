"""Where a service is asked: as docbatch.yaml says, or a variable, or at the vendor's own host.

The host is part of an account, which is recorded and shown. What the specs refuse in a base URL is refused in a variable, too, and not quoted.
"""

from urllib.parse import urlsplit

from docbatch.core.errors import UsageError
from docbatch.providers.kind import Settings

PLAIN = "a base URL is https://HOST and maybe a path, without user, password, query and fragment"


def address_of(settings: Settings, variable: str, usual: str | None) -> str | None:
    """Return the base URL of a connection without a slash at its end, None where there is none. Raises UsageError."""
    if settings.base_url is not None:
        return settings.base_url.rstrip("/")
    named = settings.variables.get(variable)
    if not named:
        return None if usual is None else usual.rstrip("/")
    if not is_plain(named):
        raise UsageError(
            f"connection '{settings.name}': the URL in {variable} is not taken: {PLAIN}",
            hint=f"set {variable} to such a URL, or unset it; a key has a variable of its own",
        )
    return named.rstrip("/")


def is_plain(url: str) -> bool:
    """Say whether a URL has a host, and nothing in which a secret could be."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    return bool(host) and parts.username is None and not parts.query and not parts.fragment
