"""Reading results again, from the state and the spool: nothing is held or written, and no provider is asked."""

from collections.abc import Iterator

from docbatch import jsontext
from docbatch.core.errors import ResultLost, StateError
from docbatch.core.results import DocumentInfo, Result
from docbatch.naming.pathtext import escape
from docbatch.naming.signed import without_signatures
from docbatch.providers import REGISTRY
from docbatch.sinks.formats import json_value
from docbatch.spool import Spool
from docbatch.spool.readers import reading
from docbatch.state.documents import DocumentWithResult
from docbatch.state.store import Store

WINDOW = 256


def read_results(store: Store, job: str) -> Iterator[Result | StateError]:
    """Yield the results of a job's documents in path order, as they are in JSON outputs, a window in memory.

    In the place of one that is missing or damaged comes the error that says so. Raises StateError, CredentialsError where a
    store that has them cannot be asked.
    """
    spool = Spool(store.home.spool, store.results, packs=store.home.packs)
    after = b""
    with reading(spool.root):
        while window := store.documents.with_results(job, after, WINDOW):
            after = window[-1].path
            for document in window:
                yield _read(spool, job, document)


def _read(spool: Spool, job: str, document: DocumentWithResult) -> Result | StateError:
    path = escape(document.path)
    info = DocumentInfo(path=path, sha256=document.digest, size=document.size, media_type=document.media_type)
    try:
        answer = REGISTRY.kind(document.provider).read(spool.read(document.result))
        return _cut(answer.result(info))
    except ResultLost as error:
        return StateError(f"job '{job}': {path}: {error.message}", hint=error.hint)
    except (ValueError, RecursionError) as error:
        return StateError(
            f"job '{job}': {path}: the stored result {document.result} has a shape that is not understood: {error}",
            hint=f"other documents are not affected; 'docbatch explain {path}' tells what is recorded of this one",
        )


def _cut(result: Result) -> Result:
    """Return the result with presigned URLs cut, which are credentials."""
    if result.raw is None:
        return result
    return result.model_copy(update={"raw": jsontext.parse(without_signatures(json_value(result.raw)))})
