"""A webhook's delivery, for a receiver to be tried with. How a vendor signs one is in the vendor's own folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Delivery:
    body: bytes
    headers: Mapping[str, str]

    def send(self, url: str, timeout: float = 10.0) -> int:
        """Deliver, and return the status of the answer."""
        parts = urlsplit(url)
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
        try:
            connection.request("POST", parts.path, self.body, dict(self.headers))
            return connection.getresponse().status
        finally:
            connection.close()
