"""Results that the index does not find, or finds damaged, and that lie in some pack all the same."""

from collections.abc import Collection, Iterator

from docbatch.core.models import ResultPlace
from docbatch.spool.pack import contents, file_of, packs_in
from docbatch.spool.spool import Spool


def find_again(spool: Spool, lost: Collection[str]) -> Iterator[tuple[str, ResultPlace]]:
    """Yield where results lie soundly, of those that are lost, each once. What cannot be read at this moment is passed over."""
    left = set(lost)
    for name in sorted(packs_in(spool.packs)) if left else ():
        try:
            for found in contents(file_of(spool.packs, name)):
                if found.head is None or found.head.digest not in left:
                    continue
                place = ResultPlace(name, found.start, found.end - found.start)
                if spool.sound_entry(found.head.digest, place) is not None:
                    left.discard(found.head.digest)
                    yield found.head.digest, place
        except (OSError, ValueError):
            continue
