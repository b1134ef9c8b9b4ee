"""Telling whoever wants to know of a run that has ended: beside each other, within a bound, whatever they do."""

import contextlib
import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from docbatch.core.errors import CredentialsError
from docbatch.core.notifications import Notification
from docbatch.engine.administration.notifications.send_webhook import WebhookFailed, post
from docbatch.engine.connections.credentials import read_webhook_url
from docbatch.engine.progress_notices import Trouble
from docbatch.specs.notify import Subscriber

PATIENCE = 5.0
"""Seconds after which nobody is waited for any longer."""
KILL = 9
HINT = "the run is as it is; nobody is told again"


def notify(
    subscribers: Sequence[Subscriber], told: Notification, root: Path, patience: float = PATIENCE
) -> Iterator[Trouble]:
    """Tell everybody who wants to know of this, and yield a trouble for each who could not be told."""
    calls = [_Call(each, _for(each, told), root, patience) for each in subscribers if each.on & set(told.on)]
    for call in calls:
        call.start()
    until = time.monotonic() + patience
    for call in calls:
        why = call.ended(max(0.0, until - time.monotonic()))
        if why is not None:
            yield Trouble(call.subscriber.place, why, HINT)


def _for(subscriber: Subscriber, told: Notification) -> Notification:
    return replace(told, on=tuple(each for each in told.on if each in subscriber.on))


@dataclass
class _Call:
    """One who is told, in a thread that ends with the process."""

    subscriber: Subscriber
    told: Notification
    root: Path
    patience: float
    over: threading.Event = field(default_factory=threading.Event)
    why: str | None = None
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        self.thread = threading.Thread(target=self._run, daemon=True, name="docbatch notify")
        self.thread.start()

    def ended(self, seconds: float) -> str | None:
        """Return why nobody was told, None where somebody was, after so many seconds at most."""
        self.thread.join(seconds)
        if not self.thread.is_alive():
            return self.why
        self.over.set()
        self._kill()
        what = "the webhook" if self.subscriber.webhook else "the command"
        return f"{what} took longer than {self.patience:g} s, and is not waited for"

    def _run(self) -> None:
        try:
            if self.subscriber.webhook is None:
                self._command()
            else:
                url = read_webhook_url(self.subscriber.place, self.subscriber.webhook, self.root, self.over)
                post(url, json.dumps({"text": self.told.text()}).encode(), self.patience)
        except (CredentialsError, WebhookFailed) as error:
            self.why = str(error)
        except Exception as error:  # noqa: BLE001 - whoever is told ends no run
            self.why = f"telling it failed ({type(error).__name__})"

    def _command(self) -> None:
        program = self.subscriber.command[0]
        try:
            self.process = subprocess.Popen(
                self.subscriber.command,
                cwd=self.root,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it is no command"
            self.why = f"the command '{program}' could not be started: {why.lower()}"
            return
        if self.over.is_set():
            self._kill()
        self.process.communicate(json.dumps({**self.told.values(), "text": self.told.text()}).encode())
        if self.process.returncode:
            self.why = f"the command '{program}' ended with {self.process.returncode}"

    def _kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, KILL)
