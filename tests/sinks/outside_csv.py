"""A kind of sink as somebody else may write it: one CSV file for a job, written as a whole."""

import csv
import io
from typing import ClassVar, Literal

from docbatch.sinks.base import Delivery
from docbatch.sinks.job_file import JsonlSink
from docbatch.sinks.kind import FileSinkSpec, Opening, SinkKind
from docbatch.sinks.trash import Trash


class CsvSinkSpec(FileSinkSpec):
    """One line for each document: its path and its text."""

    suffix: ClassVar[str] = ".csv"

    type: Literal["csv"]
    delimiter: Literal[",", ";"] = ","


class CsvSink(JsonlSink):
    def __init__(self, at: Opening) -> None:
        super().__init__(at.root, at.output, trash=Trash(at.trash))
        self._delimiter = at.options.delimiter

    def encode(self, delivery: Delivery) -> bytes:
        line = io.StringIO()
        writer = csv.writer(line, delimiter=self._delimiter)
        writer.writerow([delivery.document.path, delivery.load().markdown()])
        return line.getvalue().encode(errors="replace")


KIND = SinkKind("csv", CsvSinkSpec, CsvSink, per_document=False, whole=True)
