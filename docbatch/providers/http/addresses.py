"""Where a connection may go. URLs in a vendor's answer are untrusted: they must not reach this machine's own network."""

import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import httpcore
from httpcore import SOCKET_OPTION, NetworkBackend, NetworkStream

from docbatch.naming.links import is_loopback

__all__ = ["CheckedBackend", "Forbidden", "is_loopback", "is_public"]

_NAT64 = IPv6Network("64:ff9b::/96")
_ISATAP = (0x00005EFE, 0x02005EFE)
_NOT_PUBLIC_IPV4 = (
    # For protocols; one cloud has its metadata in it.
    IPv4Network("192.0.0.0/24"),
    # Relays for 6to4, which lead anywhere.
    IPv4Network("192.88.99.0/24"),
    # The host of virtual machines in one cloud.
    IPv4Network("168.63.129.16/32"),
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NOT_PUBLIC_IPV6 = (
    # For protocols, among them tunnels that lead anywhere.
    IPv6Network("2001::/23"),
    IPv6Network("2001:db8::/32"),
    IPv6Network("3fff::/20"),
)


class Forbidden(Exception):
    """The address is none to connect to; the text names no URL."""


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Say whether an address is one of the open internet, whatever it is wrapped in."""
    if isinstance(address, IPv4Address):
        return (
            address.is_global
            and not address.is_multicast
            and not any(address in each for each in _NOT_PUBLIC_IPV4)
        )
    wrapped = _wrapped(address)
    if wrapped is not None:
        return is_public(wrapped)
    # Python's own tables differ from release to release, so what is public is said, not what is not.
    return address in _GLOBAL_UNICAST and not any(address in each for each in _NOT_PUBLIC_IPV6)


def _wrapped(address: IPv6Address) -> IPv4Address | None:
    """Return where a translator or a tunnel would take an address."""
    last = IPv4Address(int(address) & 0xFFFFFFFF)
    if address.ipv4_mapped is not None or address in _NAT64:
        return last
    return address.sixtofour or (last if (int(address) >> 32) & 0xFFFFFFFF in _ISATAP else None)


def _is_host(address: IPv4Address | IPv6Address) -> bool:
    return not (address.is_multicast or address.is_unspecified)


class CheckedBackend(NetworkBackend):
    """Resolves a name once, checks every address it stands for, and connects to one of those, never to the name.

    `loopback` allows this machine as well, `private` every host there can be.
    """

    def __init__(self, *, loopback: bool = False, private: bool = False) -> None:
        self._sockets = httpcore.SyncBackend()
        self._loopback = loopback
        self._private = private

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> NetworkStream:
        *others, last = self._addresses(host, port)
        for address in others:
            try:
                return self._sockets.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return self._sockets.connect_tcp(last, port, timeout, local_address, socket_options)

    def _addresses(self, host: str, port: int) -> list[str]:
        """Return what a name stands for. Raises Forbidden when any of it is out of bounds."""
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"the name {host} cannot be resolved") from error
        found = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
        for address in found:
            self._check(host, address)
        return found

    def _check(self, host: str, text: str) -> None:
        address = ip_address(text.partition("%")[0])
        allowed = (self._loopback and address.is_loopback) or (self._private and _is_host(address))
        if is_public(address) or allowed:
            return
        raise Forbidden(f"the host {host} is at {address}, which is no public address")
