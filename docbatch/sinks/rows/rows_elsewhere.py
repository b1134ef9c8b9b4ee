"""Rows that are made in another process than the sink's, for which `RowForm` stands."""

from collections.abc import Mapping

from docbatch.core.results import Answer, DocumentInfo
from docbatch.naming.pathtext import unescape
from docbatch.sinks.base import Delivery
from docbatch.sinks.rows.copy_lines import copy_lines
from docbatch.sinks.rows.facts import RowFacts
from docbatch.sinks.rows.json_lines import row_lines
from docbatch.sinks.rows.options import RowOptions
from docbatch.sinks.rows.packed_rows import packed_rows
from docbatch.sinks.rows.row_form import RowForm
from docbatch.sinks.rows.row_maker import RowMaker


class RowsElsewhere:
    """Makes what `RowMaker.rows`, `row_lines` or `copy_lines` takes for a document's rows."""

    def __init__(self, form: RowForm) -> None:
        self._written = form.written
        self._known: Mapping[str, str] = {}
        facts = RowFacts(form.job, form.labels, lambda _path: self._known)
        self._maker = RowMaker(RowOptions.model_validate(form.options), facts, form.context)

    def content(self, answer: Answer, document: DocumentInfo, known: Mapping[str, str]) -> bytes:
        """Return the rows of one answer. `known` is what a list says of the document. Raises ValueError, StateError."""
        self._known = known
        delivery = Delivery(unescape(document.path), b"", "", document, lambda: answer)
        if self._written == "values":
            return packed_rows(self._maker.made_here(delivery))
        return (copy_lines if self._written == "copy" else row_lines)(self._maker, delivery)
