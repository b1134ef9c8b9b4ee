"""The proxy that this machine's environment names for a vendor's host."""

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from docbatch.providers.http.addresses import is_loopback


def proxy_for(url: str) -> str | None:
    """Return the URL of the proxy before a host, by HTTPS_PROXY, ALL_PROXY and NO_PROXY; None before this machine.

    It may hold a password.
    """
    parts = urlsplit(url)
    if is_loopback(parts.hostname or "") or proxy_bypass(parts.netloc):
        return None
    named = getproxies()
    address = named.get(parts.scheme) or named.get("all")
    return address if not address or "://" in address else f"http://{address}"
