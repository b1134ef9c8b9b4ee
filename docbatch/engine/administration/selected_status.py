"""The status of those documents of a job that a person selected: what can be told of single documents, and no more."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from docbatch.core.acceptances import AcceptedDocuments
from docbatch.core.result_warnings import kinds_of
from docbatch.core.selectors import Selectors
from docbatch.engine.administration.status import JobStatus
from docbatch.engine.planning.narrowing.matching_paths import common_folder, matching
from docbatch.naming.pathtext import escape
from docbatch.state.document_standings import AskedStanding, every_standing
from docbatch.state.store import Store
from docbatch.state.unwell_documents import UnwellDocument


def selected_status(store: Store, job: JobStatus, selectors: Selectors, now: float) -> JobStatus:
    """Return a job's status for the documents that are selected at a moment (wall time). Raises UsageError for a wrong pattern.

    What is known of the whole job alone is left out: credits, deadlines, later tries and pace.
    """
    matches = matching(selectors.paths)
    unwell = {each.path: each for each in store.unwell.of(job.job)}
    warned = dict(store.warned.first(job.job))
    tally, found, noted = Counter[str](), list[UnwellDocument](), list[tuple[str, tuple[str, ...]]]()
    asked = AskedStanding(job.job, now, dated=selectors.older_than is not None)
    for path, standing in every_standing(store.database, asked, common_folder(selectors.paths)):
        if not matches(path) or not selectors.fit(standing, now):
            continue
        tally[standing.state] += 1
        if path in unwell:
            found.append(unwell[path])
        if path in warned:
            noted.append((escape(path), warned[path]))
    return replace(
        job,
        tally=dict(tally),
        failures=tuple(
            (escape(each.path), each.status, str(each.why.kind), each.why.message) for each in found
        ),
        credits=None,
        warned=Counter(str(kind) for _, told in noted for kind in kinds_of(told)),
        warnings=tuple(noted),
        with_deadline=0,
        deadline=None,
        accepted=_accepted(found, job.accepted, now),
        tried_again=0,
        next_try=None,
        pace=None,
    )


def _accepted(
    documents: Iterable[UnwellDocument], of_job: AcceptedDocuments, now: float
) -> AcceptedDocuments:
    """Count what is accepted of some documents, as it is counted of the whole job."""
    accepted, waived, over = Counter[str](), Counter[str](), 0
    for each in documents:
        if each.acceptance is not None and each.acceptance.is_over(now):
            over += 1
        elif each.acceptance is not None:
            (accepted if each.acceptance.until is None else waived)[each.status] += 1
    return replace(of_job, accepted=dict(accepted), waived=dict(waived), over=over)
