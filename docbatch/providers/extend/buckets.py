"""Extend counts reads, writes and runs apart, so that questions about work need not keep new work waiting."""

from typing import Final

from docbatch.providers.http import rates

SORTS: Final = ("read", "run", "write")
RUNS: Final = ("/batch", "/async")
"""How the paths end of what begins work."""


class Buckets:
    """A limiter for each sort of request, each with the whole rate."""

    def __init__(self, per_second: float) -> None:
        self._limiters = {sort: rates.Limiter(per_second) for sort in SORTS}

    def of(self, method: str, path: str) -> rates.Limiter:
        if method == "GET":
            return self._limiters["read"]
        return self._limiters["run" if path.endswith(RUNS) else "write"]

    def close(self) -> None:
        for each in self._limiters.values():
            each.close()
