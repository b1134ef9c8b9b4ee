"""The command `docbatch listen`."""

import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

import click

from docbatch.cli.output import say, tell

if TYPE_CHECKING:
    from docbatch.webhooks.listener import AnsweredRequest, WebhookConnection

INTERVAL = 10.0


@click.command(name="listen")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8722,
    show_default=True,
    help="The port to listen on; 0 takes a free one.",
)
def command(host: str, port: int) -> None:
    """Receive webhooks of Extend and LlamaCloud, so that a running apply collects at once what has ended.

    Runs beside apply, holds no lock and never opens the state. SIGTERM and Ctrl-C end it.
    """
    _require_server()
    from docbatch.cli.workspace import declared_project
    from docbatch.engine.administration.webhook_connections import find_webhook_connections
    from docbatch.state.home import Home
    from docbatch.webhooks.inbox import InboxWriter
    from docbatch.webhooks.listener import Limits, Listener
    from docbatch.webhooks.server import bind, server

    project = declared_project()
    receivers = find_webhook_connections(project)
    with bind(host, port) as socket:
        home = Home.at(project.state_folder)
        home.prepare()
        limits = Limits()
        listener = Listener(receivers, InboxWriter(home.inbox), Journal(), limits)
        signal.signal(signal.SIGTERM, _leave)
        _announce(host, socket.getsockname()[1], receivers)
        server(listener, limits).run(sockets=[socket])


def _leave(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Being stopped is how a service ends well."""
    sys.exit(0)


def _require_server() -> None:
    from importlib.util import find_spec

    from docbatch.core.errors import DocbatchError

    if find_spec("uvicorn") is None:
        raise DocbatchError(
            "'docbatch listen' needs uvicorn, which is not installed",
            hint="run pip install 'docbatch[listen]'",
        )


def _announce(host: str, port: int, connections: "Sequence[WebhookConnection]") -> None:
    from docbatch.naming.links import is_loopback

    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    for receiver in connections:
        tell(
            "listening",
            f"{receiver.connection}: listening at {address}{receiver.path}",
            connection=receiver.connection,
            address=address,
            path=receiver.path,
        )
    if is_loopback(host):
        say(
            "to be reached by a vendor, this needs a reverse proxy or tunnel that speaks TLS and passes requests on unchanged",
            err=True,
        )
    else:
        say(
            "warning: this address can be reached from elsewhere and speaks no TLS; let only a reverse proxy that does reach it",
            err=True,
        )


class Journal:
    """A line for every delivery that is authentic; for other requests, which anybody can send, one now and then."""

    def __init__(self) -> None:
        self._turned: Counter[str] = Counter()
        self._next = time.monotonic()

    def __call__(self, answered: "AnsweredRequest") -> None:
        where = answered.connection or "elsewhere"
        reason = f" ({answered.reason})" if answered.reason else ""
        if answered.hint is not None:
            ids = " ".join(answered.hint.ids)
            say(f"{where}: {answered.hint.kind} {ids}: {answered.verdict.words}{reason}", err=True)
            tell(
                "delivery",
                None,
                connection=answered.connection,
                kind=answered.hint.kind,
                ids=list(answered.hint.ids),
                verdict=answered.verdict.words,
                reason=answered.reason,
            )
            return
        self._turned[f"{where}: turned away, {answered.verdict.words}{reason}"] += 1
        if time.monotonic() >= self._next:
            for text, times in self._turned.items():
                say(text if times == 1 else f"{text} ({times:,} times)", err=True)
                tell("turned_away", None, text=text, times=times)
            self._turned.clear()
            self._next = time.monotonic() + INTERVAL
