"""How much of a repository that nobody vouches for is looked at."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NoReturn

from docbatch.containers.bounds import ContainerBounds
from docbatch.core.errors import GuardRefused
from docbatch.core.report import human
from docbatch.sources.found_files import Window

MOST_DOCUMENTS = 20_000
MOST_BYTES = 1_000_000_000
MOST_NAMES = 2_000_000
"""Of files and folders that are looked through, those that no pattern takes among them, and once for each job."""
MOST_SECONDS = 60.0
"""In which all containers together are opened."""
_FOLDER = 50
"""Opening a folder takes as long as looking at so many names."""

_NO_FURTHER = "a repository that is not trusted is looked at no further; name the specs of fewer jobs"


class Allowance:
    """What may be found by all jobs together: counted before it is read. `seconds` are left to open containers in."""

    def __init__(self) -> None:
        self._documents = 0
        self._bytes = 0
        self._names = 0
        self.seconds = MOST_SECONDS

    def list_folder(self, names: int) -> None:
        """Note a folder with so many names in it. Raises GuardRefused."""
        self._names += names + _FOLDER
        if self._names > MOST_NAMES:
            raise GuardRefused(
                f"the jobs look through more than {MOST_NAMES:,} files and folders, each of them anew",
                hint=_NO_FURTHER,
            )

    def spent_on(self, windows: Iterable[Window]) -> Iterator[Window]:
        """Yield windows as long as the allowance lasts. Raises GuardRefused."""
        for window in windows:
            self.spend(window.count + len(window.unusable), sum(file[1] for file in window.found))
            yield window

    def left(self) -> ContainerBounds:
        """Return how much may lie in the next container."""
        most = ContainerBounds()
        return replace(
            most,
            members=min(most.members, MOST_DOCUMENTS - self._documents),
            all=min(most.all, MOST_BYTES - self._bytes),
        )

    def wait(self, seconds: float) -> None:
        """Note how long containers were opened. Raises GuardRefused."""
        self.seconds -= seconds
        if self.seconds <= 0:
            raise GuardRefused(
                f"opening the archives and mails of the jobs takes more than {MOST_SECONDS:.0f} seconds",
                hint=_NO_FURTHER,
            )

    def spend(self, documents: int, size: int) -> None:
        """Note so many documents of so many bytes together. Raises GuardRefused."""
        self._documents += documents
        self._bytes += size
        if self._documents > MOST_DOCUMENTS or self._bytes > MOST_BYTES:
            self.end()

    def end(self) -> NoReturn:
        """Raise GuardRefused: there is more than may be found."""
        raise GuardRefused(
            f"the jobs find more than {MOST_DOCUMENTS:,} documents, or more than {human(MOST_BYTES)}",
            hint=_NO_FURTHER,
        )
