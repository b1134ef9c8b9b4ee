"""Renewing the lease beside the work, so that nobody takes over from a run that is only slow."""

import threading
from collections.abc import Callable

from docbatch.core.errors import DocbatchError, OwnerReplaced
from docbatch.state.remote import leases


class LeaseRenewal:
    """Renews from the moment it is made until `end`. What a store that does not answer misses is done at the next time."""

    def __init__(self, renew: Callable[[], None]) -> None:
        self._renew = renew
        self._over = threading.Event()
        self.replaced: OwnerReplaced | None = None
        self._thread = threading.Thread(target=self._go_on, name="lease", daemon=True)
        self._thread.start()

    def _go_on(self) -> None:
        while not self._over.wait(leases.RENEWED_EVERY):
            try:
                self._renew()
            except OwnerReplaced as error:
                self.replaced = error
                return
            except DocbatchError:
                # The log decides who owns the state: a lease that runs out costs nothing but a takeover.
                continue

    def end(self) -> None:
        """Renew no more, and wait until nothing of it is under way."""
        self._over.set()
        self._thread.join()
