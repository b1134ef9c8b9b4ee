"""Webhooks of an emulated service: each thing that has ended is told once, to a receiver on this machine."""

import threading
from collections.abc import Callable, Mapping
from http.client import HTTPException

from docbatch.emulators.webhooks import Delivery

PAUSE = 0.3
TRIES = 4
"""How often a delivery is tried, a second apart: services give up soon, too."""

Pending = Callable[[], Mapping[str, Delivery]]


class Announcer:
    """Sends what `pending` names, each delivery once, from a thread of its own. `told` hears of each by its id and status.

    A delivery that is not taken has the status 0.
    """

    def __init__(self, url: str, pending: Pending, told: Callable[[str, int], None]) -> None:
        self._url = url
        self._pending = pending
        self._told = told
        self._tries: dict[str, int] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="docbatch-emulate-webhooks", daemon=True)

    def start(self) -> None:
        """Begin. What has ended before is taken for told."""
        self._tries = dict.fromkeys(self._pending(), TRIES)
        self._thread.start()

    def close(self) -> None:
        """Send what is left, once, and end."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(timeout=30)

    def _run(self) -> None:
        while not self._over.wait(PAUSE):
            self._send()
        self._send()

    def _send(self) -> None:
        for event, delivery in self._pending().items():
            tries = self._tries.get(event, 0)
            if tries >= TRIES:
                continue
            status = self._sent(delivery)
            taken = 200 <= status < 300
            self._tries[event] = TRIES if taken else tries + 1
            if taken or tries + 1 == TRIES:
                self._told(event, status)
            elif self._over.wait(1.0):
                return

    def _sent(self, delivery: Delivery) -> int:
        try:
            return delivery.send(self._url)
        except (OSError, HTTPException):
            return 0
