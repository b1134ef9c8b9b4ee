"""Making the result of a document of those of its parts, once all of them have ended. It costs nothing, and may be done again."""

from collections.abc import Iterator, Sequence
from functools import partial

from docbatch.core.errors import ResultLost
from docbatch.core.models import Failure, FailureClass
from docbatch.engine.code_of_others import raised
from docbatch.engine.planning.items.job_split import JobSplit
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.engine.progress_notices import Ended, Fetched
from docbatch.engine.reading.result_reader_process import keep
from docbatch.engine.running.bring_back_results import tell_gone_packs
from docbatch.engine.running.rounds.hand_on_results import hand_on
from docbatch.engine.running.run_context import MOST_LOSSES, Run
from docbatch.providers.page_ranges import ReadRange
from docbatch.state.document_parts import RecordedPart
from docbatch.state.items import RecordedItem
from docbatch.state.records import Collected

STITCHED = "stitched"
"""The submission that notices of such documents name: none."""


def stitch(run: Run) -> bool:
    """Make the results that can be made; say whether there were any."""
    splits = [(target, target.split) for target in run.targets.values() if target.split is not None]
    done = set()
    for target, split in splits:
        recipe = run.store.documents.recipe_row(split.recipe_key)
        if recipe is None or recipe in done:
            continue
        done.add(recipe)
        for row in run.store.parts.ended([recipe]):
            _stitch(run, target, split, run.store.items.by_row(row))
            if run.stop.is_asked:
                return True
    return False


def _stitch(run: Run, target: ResolvedJob, split: JobSplit, whole: RecordedItem) -> None:
    parts = run.store.parts.of(whole.row)
    ranges, lost = [], []
    for part in parts:
        try:
            ranges.append(_read(run, part))
        except ResultLost as error:
            run.losses[part.item.key] += 1
            if run.losses[part.item.key] <= MOST_LOSSES:
                lost.append(part.item.row)
            else:
                why = Failure(FailureClass.EXPIRED, f"its stored result is lost again and again: {error}")
                ranges.append(ReadRange(part.first, part.last, failure=why))
    if lost:
        _have_again(run, target, lost)
        return
    failure = None if any(each.payload is not None for each in ranges) else _why_none(ranges)
    found = failure or _stitched(run, target, split, ranges, whole)
    if isinstance(found, Failure):
        _record(run, whole, failed=found)
    else:
        _record(run, whole, collected=found)


def _read(run: Run, part: RecordedPart) -> ReadRange:
    """Return a part's payload. Raises ResultLost."""
    item = part.item
    payload = run.spool.read(item.result) if item.is_read and item.result is not None else None
    return ReadRange(part.first, part.last, payload, item.failure, partial=item.status == "partial")


def _have_again(run: Run, target: ResolvedJob, lost: Sequence[int]) -> None:
    """Have parts read again, or fetched again, whose results were lost here."""
    tell_gone_packs(run)
    if run.connections[target.connection].traits.free:
        run.store.submissions.do_again(lost)
    else:
        run.store.submissions.fetch_again(lost)
    run.queues.forget()


def _why_none(ranges: Sequence[ReadRange]) -> Failure:
    """Say why a document failed of which no part was read: as its first part did."""
    first = next(each.failure for each in ranges if each.failure is not None)
    if len({each.failure and each.failure.kind for each in ranges}) == 1:
        return Failure(first.kind, f"none of its {len(ranges)} parts was read: {first.message}", first.code)
    kinds = ", ".join(_told(ranges))
    return Failure(
        first.kind, f"none of its {len(ranges)} parts was read ({kinds}): {first.message}", first.code
    )


def _told(ranges: Sequence[ReadRange]) -> Iterator[str]:
    yield from (
        f"pages {each.first} to {each.last}: {each.failure.kind}"
        for each in ranges
        if each.failure is not None
    )


def _stitched(
    run: Run, target: ResolvedJob, split: JobSplit, ranges: Sequence[ReadRange], whole: RecordedItem
) -> Collected | Failure:
    read = partial(run.connections.read, target.connection)
    try:
        payload = split.pages.stitch(ranges)
        if isinstance(payload, Failure):
            return payload
        kept, _ = keep(read, run.spool, payload)
    except Exception as error:  # noqa: BLE001 - the code of a provider, on what a vendor answered
        return Failure(
            FailureClass.CRASHED, f"its parts were read, and could not be put together: {raised(error)}"
        )
    place = run.spool.admit(kept.draft)
    return Collected(whole.key, kept.draft.digest, kept.partial, warnings=kept.warnings, place=place)


def _record(
    run: Run, whole: RecordedItem, *, collected: Collected | None = None, failed: Failure | None = None
) -> None:
    item = whole.work_item(b"")
    if collected is not None:
        hand_on(run.spool, run.store, free=True)
    jobs = run.store.outcomes.record(
        [] if collected is None else [(item, collected)], [] if failed is None else [(item, failed)]
    )
    shares = run.store.shares.of_items([whole.row])
    if collected is not None and collected.place is not None:
        run.spool.recorded([(collected.result, collected.place)])
    run.has_results = run.has_results or collected is not None
    failures = int(failed is not None)
    run.observe(Ended(STITCHED, 1, failures, jobs, by_job=shares, failed_by_job=shares if failures else {}))
    if collected is not None:
        run.observe(Fetched(STITCHED, 1, jobs, shares))
