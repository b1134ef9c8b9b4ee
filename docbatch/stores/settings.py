"""Which store is meant, and how it is reached."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

StoreType = Literal["s3", "gcs", "azure"]

_OWN_HOSTS: Mapping[str, re.Pattern[str]] = {
    # Under amazonaws.com are hosts of everybody, too: load balancers, gateways, machines.
    "s3": re.compile(
        r"(?:.+\.)?s3(?:-[a-z0-9-]+|express-[a-z0-9-]+)?(?:\.dualstack)?(?:\.[a-z]{2,3}(?:-[a-z]+)+-[0-9]+)?(?:\.vpce)?"
        r"\.amazonaws\.com(?:\.cn)?"
    ),
    "gcs": re.compile(r"(?:.+\.)?storage\.googleapis\.com"),
    "azure": re.compile(r".+\.blob\.core\.(?:windows\.net|chinacloudapi\.cn|usgovcloudapi\.net)"),
}
"""Hosts of the vendors' own endpoints: docs.aws.amazon.com/general/latest/gr/s3.html,
cloud.google.com/storage/docs/request-endpoints, learn.microsoft.com/azure/storage/common/storage-account-overview."""


def is_own_host(store: StoreType, host: str) -> bool:
    """Say whether a host belongs to the vendor that a type of store is named after."""
    return _OWN_HOSTS[store].fullmatch(host) is not None


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """One bucket or container. `credentials` are settings of obstore, empty for the platform's ambient chain.

    `endpoint` is None for the vendor's own; `account` is set for Azure alone. `path_style` puts the bucket into the path
    instead of the host.
    """

    name: str
    type: StoreType
    bucket: str
    endpoint: str | None = None
    region: str | None = None
    account: str | None = None
    path_style: bool = False
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def identity(self) -> str:
        """Text that tells this bucket from every other, whatever it is reached with. It is kept in the state."""
        host = "" if self.endpoint is None else urlsplit(self.endpoint).netloc.rpartition("@")[2].lower()
        where = "" if not host or is_own_host(self.type, host.partition(":")[0]) else f"{host}/"
        account = "" if self.account is None else f"{self.account}/"
        return f"{self.type}://{where}{account}{self.bucket}"
