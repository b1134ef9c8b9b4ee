"""What a plan says of jobs beside what is due: what was not looked at, what is installed otherwise, what goes in parts."""

from collections.abc import Iterator, Mapping, Sequence

from docbatch.core.report import plural
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.engine.planning.tally import Tally


def job_remarks(targets: Sequence[ResolvedJob], tallies: Mapping[str, Tally]) -> Iterator[str]:
    """Yield sentences about jobs, for whoever looks at a plan."""
    yield from _unseen(targets)
    yield from _moved(targets)
    yield from _split(targets, tallies)


def _unseen(targets: Sequence[ResolvedJob]) -> Iterator[str]:
    for target in targets:
        if why := target.source.unseen_because:
            yield (
                f"job '{target.name}': {why}; its documents count as they are recorded. Some may be gone, so that what they cost is"
                " an upper bound; what is new there is in no number"
            )


def _moved(targets: Sequence[ResolvedJob]) -> Iterator[str]:
    """Say of which sinks another version is installed than the one that made what they hold."""
    for sink in (sink for target in targets for sink in target.sinks):
        if sink.versions.have_moved:
            yield sink.versions.note(is_whole=sink.kind.whole)


def _split(targets: Sequence[ResolvedJob], tallies: Mapping[str, Tally]) -> Iterator[str]:
    """Say of which jobs documents are sent in parts."""
    for target in targets:
        parts = tallies[target.name].parts
        if parts and target.split is not None:
            number = sum(each for each, _ in parts.values())
            which = f"{plural(len(parts), 'document')} with more than {target.split.size:,} pages"
            yield f"job '{target.name}': {which}, to be sent in {plural(number, 'part')}"
