"""Outputs that would be read again as documents, and outputs that two jobs would write.

Whether two patterns can meet is decided by samples: documents that the job's patterns select, in every shape the
patterns allow, and the outputs its sinks would write for them.
"""

import itertools
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from docbatch.core.errors import Problem
from docbatch.naming.references import Listed
from docbatch.naming.templates import TemplateError, doc_fields
from docbatch.sources.globs import compile_globs
from docbatch.specs.project_file import show_file
from docbatch.specs.readers import ReaderGroup, TooManyExpressions, reader_groups
from docbatch.specs.values import FilePlace, Job, JobSink, JobSource, StorePlace

MAX_SAMPLES = 64
OTHERS = (b"x.pdf", b"x/y.txt")
"""Stand in for the documents of a source that only its kind can list."""

_SUFFIXES = ("", ".pdf", ".md", ".txt", ".json")
_MAGIC = re.compile(r"\\(.)|\[[!^]?\]?[^\]]*\]|[*?]")


_Catch = tuple[bytes, bytes]
"""The root of a source, and an output that it would read."""


def overlaps(jobs: Sequence[Job], others: Sequence[Job], here: Path) -> list[Problem]:
    """Return the problems of `jobs` among themselves and with the project's other jobs, named from the folder `here`."""
    every = [*jobs, *others]
    groups = reader_groups(every)
    mine = {job.name for job in jobs}
    try:
        found = [problem for job in every for problem in _swallowed(job, groups, mine, here)]
    except TooManyExpressions:
        hint = "give the outputs a suffix that no pattern ends with, or put a folder in front of ** in the patterns"
        told = "patterns with several wildcards in a name are too many to be compared with the outputs of all jobs"
        found = [(*jobs, *others)[0].origin.problem(("source",), told, hint)]
    return [*found, *_manifests_read(every, groups, mine, here), *_shared(jobs, others)]


def read_as_documents(jobs: Sequence[Job], readers: Sequence[Job], here: Path) -> list[Problem]:
    """Return the problems of outputs and manifests of `jobs` that sources of others would read, named from the folder `here`."""
    names = {job.name for job in readers}
    groups = reader_groups(readers)
    try:
        found = [problem for job in jobs for problem in _swallowed(job, groups, names, here)]
        return [*found, *_manifests_read(jobs, groups, names, here)]
    except TooManyExpressions:
        # Those who have these readers are told so.
        return []


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


def _swallowed(
    job: Job, groups: Mapping[bytes, ReaderGroup], mine: set[str], here: Path
) -> Iterator[Problem]:
    """Yield a problem for each sink of which some job, selected or beside a selected one, would read an output."""
    if not groups:
        return
    documents = _documents(job.source) if any(sink.place for sink in job.sinks) else ()
    for index, sink in enumerate(job.sinks):
        caught: dict[str, _Catch] = {}
        outputs = () if sink.place is None else _outputs(documents, sink.place, sink.kind.within)
        for names, catch in _caught(outputs, groups):
            caught.update({name: catch for name in names if name not in caught})
        concerned = [name for name in caught if name in mine or job.name in mine]
        if concerned:
            name = job.name if job.name in concerned else concerned[0]
            told = _told(job, name, len(concerned) - 1, caught[name], here)
            read = [each.path for each in documents] if name == job.name else []
            hint = _hint(job.sinks[index], caught[name], read)
            yield job.origin.problem(("sink", index, "path"), told, hint)


def _manifests_read(
    every: Sequence[Job], groups: Mapping[bytes, ReaderGroup], mine: set[str], here: Path
) -> Iterator[Problem]:
    """Yield a problem for each manifest that some job, selected or beside a selected one, would read as a document."""
    for job in every:
        if job.manifest is None:
            continue
        for _, names in _catching(os.fsencode(os.path.realpath(job.manifest)), groups):
            concerned = [name for name in names if name in mine or job.name in mine]
            if concerned:
                shown = show_file(job.manifest, here)
                whose = (
                    "the job's own source"
                    if concerned[0] == job.name
                    else f"the source of job {concerned[0]}"
                )
                told = f"the manifest {shown} would be read as a document by {whose}"
                yield job.origin.problem(("manifest",), told, "exclude it there, or write it elsewhere")
                break


def _caught(
    outputs: Iterable[bytes], groups: Mapping[bytes, ReaderGroup]
) -> Iterator[tuple[Sequence[str], _Catch]]:
    """Yield the jobs that would read one of the outputs, the same ones once."""
    told: set[int] = set()
    for output in outputs:
        for root, names in _catching(output, groups):
            if id(names) not in told:
                told.add(id(names))
                yield names, (root, output)


def _catching(output: bytes, groups: Mapping[bytes, ReaderGroup]) -> Iterator[tuple[bytes, Sequence[str]]]:
    """Yield roots, and the jobs whose sources have them and select the output. Both are paths, or both places in a store."""
    end = output.find(b"/") + 1
    while end:
        group = groups.get(output[:end])
        if group is not None and (names := group.selecting(output[end:])):
            yield output[:end], names
        end = output.find(b"/", end) + 1


def _told(job: Job, reader: str, others: int, catch: _Catch, here: Path) -> str:
    shown = show_file(Path(os.fsdecode(catch[1])), here)
    whose = "the job's own source" if reader == job.name else f"the source of job {reader}"
    more = f" and by those of {others:,} more" if others else ""
    return f"an output such as {shown} would be read as a document by {whose}{more}"


def _hint(sink: JobSink, catch: _Catch, read: Sequence[bytes]) -> str:
    """Say what to exclude; `read` are documents of the same source that have to be left, where they are known."""
    place = sink.place
    assert place is not None
    # Both lie in one store, or on this disk; of a text for a store this gives the same.
    root = os.fsdecode(catch[0])
    folder = os.path.relpath(_literal_folder(place), root)
    if _is_below(folder) and not _is_all_in(folder, read):
        return f'exclude: ["{folder}/**"] there'
    if place.path is not None and sink.kind.within:
        return f'exclude: ["{os.path.relpath(_single(place), root)}/**"] there'
    return "write into a folder of its own, such as out/, and exclude it there"


def _is_below(folder: str) -> bool:
    return folder != "." and not folder.startswith("..")


def _is_all_in(folder: str, read: Sequence[bytes]) -> bool:
    return bool(read) and all(path.startswith(os.fsencode(folder) + b"/") for path in read)


def _single(place: FilePlace | StorePlace) -> str:
    """Return where a job's one output lies."""
    return f"{_literal_folder(place)}/{place.template.literal_root.rpartition('/')[2]}"


def _literal_folder(place: FilePlace | StorePlace) -> str:
    folder, _, _ = place.template.literal_root.rpartition("/")
    if isinstance(place, StorePlace):
        return f"{place.root}/{folder}".rstrip("/")
    return os.path.realpath(place.root / folder)


def _outputs(
    documents: Sequence[Listed], place: FilePlace | StorePlace, within: Sequence[bytes]
) -> Iterator[bytes]:
    root = place.root.encode() if isinstance(place, StorePlace) else os.fsencode(os.path.realpath(place.root))
    if place.path is not None:
        single = b"/".join((root, os.fsencode(os.path.normpath(place.template.literal_root))))
        yield from (b"/".join((single, name)) for name in within)
        if not within:
            yield single
        return
    for each in documents:
        try:
            doc = doc_fields(each.path, sha256="0" * 64, size=1, metadata=each.metadata)
            yield b"/".join((root, place.output(doc)))
        except TemplateError:
            # A sample without, say, a suffix; documents like it are refused by the plan, one by one.
            continue


def _shared(jobs: Sequence[Job], others: Sequence[Job]) -> Iterator[Problem]:
    """Yield the places that another job writes to as well, but files of documents. Tables of one database are places apart."""
    owners: dict[tuple[str, ...], _Owners] = {}
    mine = {id(job) for job in jobs}
    manifests: dict[str, Job] = {}
    for job in (*others, *jobs):
        if job.manifest is not None:
            first = manifests.setdefault(_folded(str(job.manifest)), job)
            if first is not job and id(job) in mine:
                yield _shared_manifest(job, first)
    for job in (*others, *jobs):
        for index, sink in enumerate(job.sinks):
            if sink.place is not None and sink.place.path is not None and id(job) in mine:
                whose = manifests.get(_folded(str(sink.place.path)))
                if whose is not None:
                    yield _shared_manifest(job, whose)
            if sink.place is not None and sink.place.path is None:
                continue
            where = tuple(sink.where if isinstance(sink.place, StorePlace) else map(_folded, sink.where))
            owner = owners.setdefault(where, _Owners()).before(job, sink)
            if owner is not None and id(job) in mine:
                yield _shared_problem(job, index, sink, owner)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _shared_manifest(job: Job, owner: Job) -> Problem:
    message = (
        f"the manifest of job {owner.name} lies at the same place"
        if job is not owner
        else "a sink writes to the same place"
    )
    return job.origin.problem(
        ("manifest",), message, "name the job in the path, as in out/{{ job.name }}/manifest.json"
    )


class _Owners:
    """The jobs that write to one place, as far as it has to be known: two of each part of it, and two of each kind."""

    def __init__(self) -> None:
        self._parts: dict[tuple[str, object], list[tuple[int, Job]]] = {}
        self._kinds: dict[str, list[tuple[int, Job]]] = {}
        self._shapes: dict[tuple[str, object], tuple[str, Job]] = {}
        self._count = itertools.count()

    def before(self, job: Job, sink: JobSink) -> Job | None:
        """Note that a job writes here with a sink; return the first other one whose sink is not apart from it."""
        kind = sink.kind.name
        if sink.options.keeps_jobs_apart and (shape := sink.options.shape) is not None:
            first = self._shapes.setdefault((kind, sink.options.part), (shape, job))
            if first[0] != shape:
                return first[1]
        part = None if sink.options.keeps_jobs_apart else sink.options.part
        same = [] if part is None else self._parts.setdefault((kind, part), [])
        own = self._kinds.setdefault(kind, [])
        foreign = [found for name, found in self._kinds.items() if name != kind]
        rivals = [
            (number, other) for found in (same, *foreign) for number, other in found if other is not job
        ]
        number = next(self._count)
        for known in (same, own):
            if len(known) < 2 and all(other is not job for _, other in known):
                known.append((number, job))
        return min(rivals, key=lambda rival: rival[0])[1] if rivals else None


def _shared_problem(job: Job, index: int, sink: JobSink, owner: Job) -> Problem:
    message = f"job {owner.name} writes to the same place"
    if any(_declares_other_rows(other, sink) for other in owner.sinks):
        hint = "jobs that share it declare the same rows, columns and types; or name the job in the path, as in out/{{ job.name }}"
        return job.origin.problem(("sink", index, "path"), f"{message} and declares other rows there", hint)
    if sink.place is None:
        return job.origin.problem(("sink", index), message, "give each a place of its own by its options")
    hint = "name the job in the path, as in out/{{ job.name }}, or choose another table"
    return job.origin.problem(("sink", index, "path"), message, hint)


def _declares_other_rows(one: JobSink, other: JobSink) -> bool:
    options = other.options
    is_shared = one.kind is other.kind and one.where == other.where and one.options.part == options.part
    return is_shared and options.keeps_jobs_apart and one.options.shape != options.shape


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
