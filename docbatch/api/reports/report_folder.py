"""The folder of a report: it is no place for documents, nor for files of others, and each file appears whole or not at all."""

import os
import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from docbatch.core.errors import ReportUnwritten, SinkError, UsageError
from docbatch.core.run_reports.as_html import report_html
from docbatch.core.run_reports.as_json import VERSION, report_json
from docbatch.core.run_reports.as_junit import report_junit
from docbatch.core.run_reports.as_markdown import report_markdown
from docbatch.core.run_reports.values import RunReport
from docbatch.durability import Flusher, Place
from docbatch.jsontext import written
from docbatch.sinks import outputs
from docbatch.sinks.outputs import Unfinished
from docbatch.sinks.paths import UnsafeOutput
from docbatch.sinks.tree import Tree, temporary_name
from docbatch.specs.readers import first_reader
from docbatch.specs.values import Job

_FORMATS: Mapping[str, Callable[[RunReport], str]] = {
    "report.json": lambda report: written(report_json(report), indent=2) + "\n",
    "report.xml": lambda report: "\n".join(report_junit(report)) + "\n",
    "report.md": report_markdown,
    "report.html": report_html,
}
_LOOKED_AT = 1 << 14
"""Bytes of a file in which our mark stands, if it is ours."""
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class ReportFolder:
    """`shown` is how its user named it."""

    def __init__(self, folder: Path, shown: str) -> None:
        self._folder = folder
        self._shown = shown

    def check(self, jobs: Iterable[Job]) -> None:
        """Raise UsageError where a report cannot lie here, before anything is done. Writes nothing."""
        if os.path.lexists(self._folder) and not self._folder.is_dir():
            raise UsageError(
                f"{self._shown} is no folder",
                hint="name a folder for the report, which is made where it is missing",
            )
        self._require_unread(jobs)
        for name in _FORMATS:
            self._require_ours(name)

    def write(self, report: RunReport) -> None:
        """Write the files, each whole, one by one. Raises ReportUnwritten."""
        texts = {name: form(report) for name, form in _FORMATS.items()}
        try:
            with Tree(self._folder) as tree:
                for name, text in texts.items():
                    _put(tree, name.encode(), text.encode("utf-8", "backslashreplace"))
                Flusher().flush(tree.touched())
        except (OSError, UnsafeOutput, SinkError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise ReportUnwritten(
                f"the report cannot be written to {self._shown}: {why}",
                hint="what the run did is recorded; mend it, and 'docbatch status --report DIR' writes how things stand",
            ) from error

    def _require_unread(self, jobs: Iterable[Job]) -> None:
        read = first_reader(jobs, [self._folder / name for name in sorted(_FORMATS)])
        if read is not None:
            file, job = read
            raise UsageError(
                f"{self._shown}/{file.name} would be read as a document by the source of job '{job}'",
                hint="name another folder for the report, or exclude this one there; nothing was sent",
            )

    def _require_ours(self, name: str) -> None:
        """Raise UsageError where something of others stands in the place of a file."""
        try:
            descriptor = os.open(self._folder / name, _OPEN)
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._foreign(name) from error
        try:
            is_plain = stat.S_ISREG(os.fstat(descriptor).st_mode)
            if not is_plain or VERSION.encode() not in os.read(descriptor, _LOOKED_AT):
                raise self._foreign(name)
        finally:
            os.close(descriptor)

    def _foreign(self, name: str) -> UsageError:
        return UsageError(
            f"{self._shown}/{name} is not a report that docbatch wrote; nothing was changed",
            hint="name another folder for the report, or move the file away",
        )


def _put(tree: Tree, name: bytes, content: bytes) -> None:
    folder, _ = tree.locate(name)
    unfinished = Unfinished(name, folder, name, temporary_name())
    outputs.write(unfinished, content)
    try:
        Flusher().flush([Place(unfinished.temporary, folder)])
        # What stands there is replaced, a link as well: it is not followed.
        os.rename(unfinished.temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        outputs.discard(unfinished)
        raise
    tree.touch(name)
