"""Where a connection may go. URLs in a vendor's answer are untrusted: they must not reach this machine's own network."""

import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import httpcore
from httpcore import SOCKET_OPTION, NetworkBackend, NetworkStream

from docbatch.naming.links import is_loopback

__all__ = ["CheckedBackend", "Forbidden", "is_loopback", "is_public"]

_NAT64 = ip_network("64:ff9b::/96")


class Forbidden(Exception):
    """The address is none to connect to; the text names no URL."""


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Say whether an address is one of the open internet, whatever it is wrapped in."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or _translated(address)
        if inner is not None:
            return is_public(inner)
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast


def _translated(address: IPv6Address) -> IPv4Address | None:
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None


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
