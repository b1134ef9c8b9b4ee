"""What stands in a place of this disk, as far as it keeps an output from being there."""

import os
import stat

from docbatch.engine.planning.resolved_job import ResolvedSink


def no_file(status: os.stat_result) -> str | None:
    """Say what is there that is neither a file nor a link."""
    if stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode):
        return None
    return f"{'a folder' if stat.S_ISDIR(status.st_mode) else 'a special file'} is there"


def no_output(sink: ResolvedSink, status: os.stat_result) -> str | None:
    """Say what stands in the place of a job's one output that cannot be that output."""
    if not sink.kind.within:
        return no_file(status)
    return None if stat.S_ISDIR(status.st_mode) else "something is there that is no folder"


def status_of(place: bytes) -> os.stat_result | None:
    try:
        return os.lstat(place)
    except OSError:
        return None
