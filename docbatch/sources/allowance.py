"""How much of a repository that nobody vouches for is looked at."""

from collections.abc import Iterable, Iterator

from docbatch.core.errors import GuardRefused
from docbatch.core.report import human
from docbatch.sources.walk import Window

MOST_DOCUMENTS = 20_000
MOST_BYTES = 1_000_000_000


class Allowance:
    """What may be found by all jobs together: counted before it is read."""

    def __init__(self) -> None:
        self._documents = 0
        self._bytes = 0

    def spent_on(self, windows: Iterable[Window]) -> Iterator[Window]:
        """Yield windows as long as the allowance lasts. Raises GuardRefused."""
        for window in windows:
            self._documents += len(window.found) + len(window.unusable)
            self._bytes += sum(file[1] for file in window.found)
            if self._documents > MOST_DOCUMENTS or self._bytes > MOST_BYTES:
                raise GuardRefused(
                    f"the jobs find more than {MOST_DOCUMENTS:,} documents, or more than {human(MOST_BYTES)}",
                    hint="a repository that is not trusted is looked at no further; name the specs of fewer jobs",
                )
            yield window
