"""What the state knows of the objects of one source, as the source asks for it."""

from collections.abc import Collection, Iterator, Sequence

from docbatch.core.models import Failure, FailureClass
from docbatch.sources import kept_members
from docbatch.sources.cachefile import FORMAT
from docbatch.sources.documents import Observed, Unusable
from docbatch.state.store import Store


class ObjectRecord:
    """Of a job whose objects' places begin with `place`. Without a state nothing is known."""

    def __init__(self, store: Store | None, job: str, place: bytes) -> None:
        self._store = store
        self._job = job
        self._start = place + b"/"
        self._noted: set[tuple[str, str]] = set()

    def known(self, paths: Sequence[bytes]) -> dict[bytes, tuple[bytes, str, str]]:
        """Return by path, of those given in order, the packed status with digest and media type."""
        if self._store is None or not paths:
            return {}
        first, last = self._start + paths[0], self._start + paths[-1]
        cut = len(self._start)
        rows = self._store.found_objects.between(first, last, FORMAT)
        return {place[cut:]: (status, digest, media_type) for place, status, digest, media_type in rows}

    def said(self, paths: Sequence[bytes]) -> dict[bytes, str]:
        """Return packed metadata by path, of paths from the first to the last of those given in order."""
        if self._store is None or not paths:
            return {}
        rows = self._store.found_objects.said(self._start + paths[0], self._start + paths[-1])
        return {place[len(self._start) :]: said for place, said in rows}

    def members(self, digest: str, kind: str) -> Sequence[tuple[bytes, bytes]]:
        """Return the stretches of what lies in a container; nothing where it is not recorded."""
        if self._store is None:
            return ()
        return self._store.found_objects.members(digest, kind, kept_members.VERSION)

    def note(self, digest: str, kind: str) -> None:
        """A container was met whose members the cache may know and the state may not."""
        self._noted.add((digest, kind))

    @property
    def noted(self) -> Collection[tuple[str, str]]:
        """Digests and kinds of containers that were met."""
        return self._noted

    def documents(self) -> Iterator[Observed | Unusable]:
        """Yield in path order what is recorded of the job's documents."""
        rows = () if self._store is None else self._store.found_objects.documents(self._job)
        for path, digest, media_type, size, problem, message in rows:
            if digest is not None and media_type is not None:
                yield Observed(path, digest, media_type, size)
            elif problem is not None:
                yield Unusable(path, Failure(FailureClass(problem), message or ""))
