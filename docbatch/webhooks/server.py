"""Serving the application with uvicorn: one socket, bounded connections, an orderly end."""

import asyncio
import socket
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from docbatch.core.errors import DocbatchError
from docbatch.webhooks.listener import Limits, Listener

LARGEST_HEAD = 16 * 1024
FAREWELL = 8
"""Seconds in which what was begun is finished after a signal to end; service managers kill after ten or more."""


def bind(host: str, port: int) -> socket.socket:
    """Take the port, so that it is known and connections wait in line. Raises DocbatchError."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        raise DocbatchError(
            f"cannot listen on {host}, port {port}: {error.strerror or error}",
            hint="choose another with --host and --port",
        ) from error


def server(listener: Listener, limits: Limits) -> uvicorn.Server:
    """Return what `run(sockets=[…])` serves with until it is told to end: it then finishes what was begun."""
    return uvicorn.Server(
        uvicorn.Config(
            listener,
            loop="asyncio",
            http=_bounded(limits),
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=FAREWELL,
            h11_max_incomplete_event_size=LARGEST_HEAD,
        )
    )


def _bounded(limits: Limits) -> type[H11Protocol]:
    """Return a protocol whose connections are limited in number and time, also those that never send a request."""

    class Bounded(H11Protocol):
        _end: asyncio.TimerHandle

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._end = self.loop.call_later(limits.connection, transport.abort)
            if len(self.connections) > limits.connections:
                transport.abort()

        def connection_lost(self, exc: Exception | None) -> None:
            self._end.cancel()
            super().connection_lost(exc)

    return Bounded
