"""The paths that what a job writes may have, as patterns that are compared with others."""

import os
from pathlib import Path

from docbatch.naming.path_patterns import PathPattern, path_pattern
from docbatch.naming.templates import Template
from docbatch.specs.values import FilePlace, JobSink


def file_pattern(file: Path) -> PathPattern:
    """Return the one path of a file of this disk."""
    name = Template((file.name,))
    return path_pattern(_real(file.parent), name, holds_files=False, folds=True)


def output_pattern(sink: JobSink) -> PathPattern | None:
    """Return the paths that a sink may write to; None where only a server knows whose what lies there is."""
    if sink.place is None:
        # Which server a reference leads to may differ where each environment is applied.
        part = None if sink.kind.is_served else sink.options.part
        return None if part is None else PathPattern((f"{sink.kind.name}\n{part}",))
    if isinstance(sink.place, FilePlace):
        root, template = _real(sink.place.root), sink.place.template
        return path_pattern(root, template, holds_files=bool(sink.kind.within), folds=True)
    # What a folder of keys has in the trash of its store is emptied with all of the folder.
    template = Template(()) if sink.kind.per_document else sink.place.template
    holds_files = sink.kind.per_document or bool(sink.kind.within)
    return path_pattern(sink.place.root, template, holds_files=holds_files, folds=False)


def _real(folder: Path) -> str:
    return os.path.realpath(folder)
