"""Where results are delivered to. The registry is a literal; a sink is imported when it is opened."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from docbatch.sinks.base import Sink


class SinkConfig(Protocol):
    """A sink as a spec declares it; `format` (files) and `table` (sqlite) beside its type."""

    @property
    def type(self) -> str: ...


def open_sink(config: SinkConfig, *, root: Path, output: bytes, trash: Path) -> "Sink":
    """Return the sink a spec declares.

    `root` is the folder nothing is written outside of; `output` is the rendered path below it for sinks that write
    one file for a job, and is not looked at by the others. Opening writes nothing.
    """
    return SINKS[config.type](config, root, output, trash)


def _files(config: Any, root: Path, _output: bytes, trash: Path) -> "Sink":
    from docbatch.sinks.files import FilesSink  # noqa: PLC0415
    from docbatch.sinks.trash import Trash  # noqa: PLC0415

    return FilesSink(root, form=config.format, trash=Trash(trash))


def _jsonl(_config: Any, root: Path, output: bytes, trash: Path) -> "Sink":
    from docbatch.sinks.jsonl import JsonlSink  # noqa: PLC0415
    from docbatch.sinks.trash import Trash  # noqa: PLC0415

    return JsonlSink(root, output, trash=Trash(trash))


def _sqlite(config: Any, root: Path, output: bytes, trash: Path) -> "Sink":
    from docbatch.sinks.sqlite import SqliteSink  # noqa: PLC0415
    from docbatch.sinks.trash import Trash  # noqa: PLC0415

    return SqliteSink(root, output, table=config.table, trash=Trash(trash))


SINKS: Mapping[str, Callable[[Any, Path, bytes, Path], "Sink"]] = {
    "files": _files,
    "jsonl": _jsonl,
    "sqlite": _sqlite,
}
