"""Outputs that would be read again as documents, and outputs that two jobs would write.

Whether two patterns can meet is decided by samples: documents that the job's patterns select, in every shape the
patterns allow, and the outputs its sinks would write for them.
"""

import itertools
import os
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from docbatch.core.errors import Problem
from docbatch.naming.references import Listed
from docbatch.naming.templates import TemplateError, doc_fields
from docbatch.sources.globs import Globs, compile_globs
from docbatch.specs.project_file import show_file
from docbatch.specs.values import FilePlace, Job, JobSink, JobSource

MAX_SAMPLES = 64
OTHERS = (b"x.pdf", b"x/y.txt")
"""Stand in for the documents of a source that only its kind can list."""

_SUFFIXES = ("", ".pdf", ".md", ".txt", ".json")
_MAGIC = re.compile(r"\\(.)|\[[!^]?\]?[^\]]*\]|[*?]")


@dataclass(frozen=True, eq=False)
class _Reader:
    """A source, compiled once, and the names of the jobs that have it. `root` ends with a separator."""

    source: JobSource
    names: tuple[str, ...]

    @cached_property
    def root(self) -> bytes:
        return os.fsencode(os.path.realpath(self.source.root)).rstrip(b"/") + b"/"

    @cached_property
    def globs(self) -> Globs:
        return compile_globs(self.source.include, self.source.exclude, hidden=self.source.hidden)

    @property
    def folder(self) -> bytes:
        """The folder in which everything lies that the source selects."""
        return self.root + self.globs.prefix

    def selects(self, path: bytes) -> bool:
        return self.globs(path[len(self.root) :])


_ByFolder = Mapping[bytes, Sequence[_Reader]]


def overlaps(jobs: Sequence[Job], others: Sequence[Job], here: Path) -> list[Problem]:
    """Return the problems of `jobs` among themselves and with the project's other jobs, named from the folder `here`."""
    every = [*jobs, *others]
    readers = _by_folder(every)
    mine = {job.name for job in jobs}
    found = [_swallowed(job, readers, mine, here) for job in every]
    return [*itertools.chain(*found), *_shared(jobs, others)]


def samples(source: JobSource) -> list[bytes]:
    """Return paths that the source selects: flat and nested, with the suffixes its patterns name."""
    globs = compile_globs(source.include, source.exclude, hidden=source.hidden)
    shapes = itertools.chain.from_iterable(map(_shapes, source.include))
    paths = dict.fromkeys(os.fsencode(path) for path in itertools.islice(shapes, 16 * MAX_SAMPLES))
    return list(itertools.islice((path for path in paths if globs(path)), MAX_SAMPLES))


def _documents(source: JobSource) -> Sequence[Listed]:
    if source.listing is not None:
        return source.listing.documents[:MAX_SAMPLES]
    if source.options is not None:
        return [Listed(path, "") for path in OTHERS]
    return [Listed(path, "") for path in samples(source)]


def _by_folder(jobs: Sequence[Job]) -> _ByFolder:
    names: dict[JobSource, list[str]] = {}
    for job in jobs:
        if job.source.listing is None and job.source.options is None:
            names.setdefault(job.source, []).append(job.name)
    folders: dict[bytes, list[_Reader]] = {}
    for source, owners in names.items():
        reader = _Reader(source, tuple(owners))
        folders.setdefault(reader.folder, []).append(reader)
    return folders


def _swallowed(job: Job, readers: _ByFolder, mine: set[str], here: Path) -> Iterator[Problem]:
    for index, sink in enumerate(job.sinks):
        if sink.place is None:
            continue
        caught: dict[_Reader, bytes] = {}
        for output in _outputs(job, sink.place):
            for reader in _catching(output, readers):
                caught.setdefault(reader, output)
        for reader, output in caught.items():
            concerned = [name for name in reader.names if name in mine or job.name in mine]
            if concerned:
                name = job.name if job.name in concerned else concerned[0]
                yield _problem(job, index, reader, name, show_file(Path(os.fsdecode(output)), here))


def _catching(output: bytes, readers: _ByFolder) -> Iterator[_Reader]:
    end = output.find(b"/") + 1
    while end:
        for reader in readers.get(output[:end], ()):
            if reader.selects(output):
                yield reader
        end = output.find(b"/", end) + 1


def _problem(job: Job, index: int, reader: _Reader, name: str, caught: str) -> Problem:
    place = job.sinks[index].place
    assert place is not None
    whose = "the job's own source" if name == job.name else f"the source of job {name}"
    message = f"an output such as {caught} would be read as a document by {whose}"
    folder = os.path.relpath(_literal_folder(place), os.fsdecode(reader.root))
    below = folder != "." and not folder.startswith("..")
    hint = (
        f'exclude: ["{folder}/**"] there'
        if below
        else "write into a folder of its own, such as out/, and exclude it there"
    )
    return job.origin.problem(("sink", index, "path"), message, hint)


def _literal_folder(place: FilePlace) -> str:
    folder, _, _ = place.template.literal_root.rpartition("/")
    return os.path.realpath(place.root / folder)


def _outputs(job: Job, place: FilePlace) -> Iterator[bytes]:
    root = os.fsencode(os.path.realpath(place.root))
    if place.path is not None:
        yield b"/".join((root, os.fsencode(place.path.relative_to(place.root))))
        return
    for each in _documents(job.source):
        try:
            doc = doc_fields(each.path, sha256="0" * 64, size=1, metadata=each.metadata)
            yield b"/".join((root, place.output(doc)))
        except TemplateError:
            # A sample without, say, a suffix; documents like it are refused by the plan, one by one.
            continue


def _shared(jobs: Sequence[Job], others: Sequence[Job]) -> Iterator[Problem]:
    """Yield the places that another job writes to as well, but files of documents. Tables of one database are places apart."""
    owners: dict[tuple[str, ...], list[tuple[JobSink, Job]]] = {}
    for job in (*others, *jobs):
        for index, sink in enumerate(job.sinks):
            if sink.place is not None and sink.place.path is None:
                continue
            where = tuple(unicodedata.normalize("NFC", text).casefold() for text in sink.where)
            known = owners.setdefault(where, [])
            owner = next((owner for one, owner in known if owner is not job and not one.is_apart(sink)), None)
            known.append((sink, job))
            if owner is not None and any(job is mine for mine in jobs):
                yield _shared_problem(job, index, sink, owner)


def _shared_problem(job: Job, index: int, sink: JobSink, owner: Job) -> Problem:
    message = f"job {owner.name} writes to the same place"
    if sink.place is None:
        return job.origin.problem(("sink", index), message, "give each a place of its own by its options")
    hint = "name the job in the path, as in out/{{ job.name }}, or choose another table"
    return job.origin.problem(("sink", index, "path"), message, hint)


def _shapes(pattern: str) -> Iterator[str]:
    import bracex  # noqa: PLC0415 - many specs have no braces

    for plain in itertools.islice(bracex.iexpand(pattern, keep_escapes=True, limit=0), MAX_SAMPLES):
        full = f"{plain}**" if plain.endswith("/") else plain
        segments = [segment for segment in full.split("/") if segment not in ("", ".")]
        choices = [
            _choices(segment, last=index == len(segments) - 1) for index, segment in enumerate(segments)
        ]
        for chosen in itertools.product(*choices):
            yield "/".join(part for part in chosen if part)


def _choices(segment: str, *, last: bool) -> Sequence[str]:
    if segment == "**":
        return [f"x{suffix}" for suffix in _SUFFIXES] + ["x/y.pdf", "x/y.md"] if last else ["", "x", "x/y"]
    text = _MAGIC.sub(_stand_in, segment)
    return [text + suffix for suffix in _SUFFIXES] if last and segment.endswith("*") else [text]


def _stand_in(magic: re.Match[str]) -> str:
    if magic[1]:
        return magic[1]
    if magic[0][0] == "[":
        inside = magic[0][1:-1]
        return "x" if inside[:1] in ("!", "^") else inside[:1]
    return "x"
