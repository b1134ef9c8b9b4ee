"""A data set as it stands in its folder: which files are parts of it, which of these are as they were left, and what they hold."""

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from typing import Any, Literal

from docbatch.core.errors import ForeignOutput
from docbatch.naming.pathtext import escape
from docbatch.sinks.faults import SAFE
from docbatch.sinks.parquet.arrow_rows import is_alike
from docbatch.sinks.parquet.folders import PartsFolder
from docbatch.sinks.parquet.manifest import LARGEST, DataSetManifest, PartEntry, read_manifest
from docbatch.sinks.parquet.part_file import UNREADABLE, NoPart, PartReader
from docbatch.sinks.parquet.part_names import MANIFEST, part_name, part_number, part_of, parts_of

Condition = Literal["whole", "missing", "changed"]


@dataclass
class StandingParts:
    """A data set in a folder, as it was at the moment this was made; `parts` is None where there is none yet."""

    folder: PartsFolder
    stamps: Mapping[str, str]
    manifest: DataSetManifest | None
    parts: int | None

    @classmethod
    def of(cls, folder: PartsFolder) -> "StandingParts":
        """Look at a folder. Raises OSError, StoreFault, UnsafeOutput."""
        stamps = folder.stamps() or {}
        manifest = _manifest_in(folder) if MANIFEST in stamps else None
        return cls(folder, stamps, manifest, manifest.parts if manifest else parts_of(stamps))

    @cached_property
    def entries(self) -> Mapping[str, PartEntry]:
        return {} if self.manifest is None else self.manifest.by_name

    @property
    def names(self) -> Iterator[str]:
        """The parts that are there, or should be."""
        for number in range(self.parts or 0):
            name = part_name(number, self.parts or 1)
            if name in self.stamps or name in self.entries:
                yield name

    def is_as_noted(self, name: str) -> bool:
        """Say whether a part bears the stamp that the manifest has of it: then it need not be read."""
        entry = self.entries.get(name)
        return entry is not None and self.stamps.get(name) == entry.stamp

    def condition(self, name: str) -> Condition:
        """Say whether a part is as docbatch wrote it. Where that is not noted, all of it is read."""
        if name not in self.stamps:
            return "missing"
        if self.is_as_noted(name):
            return "whole"
        with self.reading(name) as part:
            return "whole" if part is not None and part.is_intact() else "changed"

    @contextmanager
    def reading(self, name: str) -> Iterator[PartReader | None]:
        """Open a part; None where it cannot be read as one. Raises StoreFault."""
        with ExitStack() as open_files:
            try:
                part = PartReader(open_files.enter_context(self.folder.opened(name)))
            except UNREADABLE:
                part = None
            yield part

    def entry_of(self, name: str) -> PartEntry | None:
        """Return what a part is that nothing is noted of, None where it is not as it was written. Reads all of it."""
        with self.reading(name) as part:
            if part is None or not part.is_intact():
                return None
            found = part.found()
        return PartEntry(
            name=name,
            rows=found.rows,
            size=found.size,
            sha256=found.sha256,
            stamp=self.stamps[name],
            jobs=found.jobs,
        )

    def require_ours(self) -> None:
        """Raise SinkError where a folder holds Parquet files, and nothing in it says that docbatch wrote any."""
        found = [name for name in sorted(self.stamps) if name == MANIFEST or name.endswith(".parquet")]
        if self.manifest is not None or not found:
            return
        others = None
        for name in found:
            whose = self._whose(name)
            if whose == "ours":
                return
            others = others or (name if whose == "others" else None)
        if others is not None:
            shown = escape(others.encode(errors="surrogateescape"))
            raise ForeignOutput(
                f"{self.folder.place} holds {shown}, which docbatch did not write; nothing was changed",
                hint=f"{SAFE}; give the sink another path, or move the file away, and run the same command again",
            )
        raise ForeignOutput(
            f"{self.folder.place} holds a data set of which neither the manifest nor any part can be read,"
            " so that nobody knows whether docbatch wrote it; nothing was changed",
            hint=f"{SAFE}; move the folder away, and run the same command again, which writes all rows anew",
        )

    def require_own(self, job: str, project: str) -> None:
        """Raise ForeignOutput where a job's rows are of another project that has a job of this name."""
        if self.is_another_s(job, project):
            raise ForeignOutput(
                f"{self.folder.place} has rows of a job '{job}' of another project; nothing was changed",
                hint=f"{SAFE}; give the job another name, or the sink another path, and run the same command again",
            )

    def is_another_s(self, job: str, project: str) -> bool:
        return any(owner not in {"", project} for owner in self._owners(job))

    def is_shared(self, jobs: Collection[str], project: str) -> bool:
        """Say whether the manifest tells of rows of other jobs than these, or of other projects."""
        return any(
            job not in jobs or has.project not in {"", project}
            for entry in self.entries.values()
            for job, has in entry.jobs.items()
        )

    def _owners(self, job: str) -> Iterator[str]:
        """Yield the projects that parts say a job's rows are of. Those that the manifest tells of are not read."""
        for name in self.names:
            entry = self.entries.get(name)
            if entry is not None and self.is_as_noted(name):
                if job in entry.jobs:
                    yield entry.jobs[job].project
            elif name in self.stamps:
                with self.reading(name) as part:
                    yield "" if part is None else part.projects.get(job, "")

    def _whose(self, name: str) -> Literal["ours", "others", "unreadable"]:
        """Say who wrote a file, as far as it says it. Raises StoreFault."""
        if name == MANIFEST:
            return "unreadable"
        if part_number(name, self.parts or 1) is None:
            return "others"
        try:
            with self.folder.opened(name) as file:
                PartReader(file)
        except NoPart:
            return "others"
        except UNREADABLE:
            return "unreadable"
        return "ours"

    def stamp(self, job: str) -> str | None:
        """Return the stamp of what a job has in it: it changes when anybody touches one of its parts, and not when another job writes."""
        if self.parts is None:
            return None
        columns = "" if self.manifest is None else repr((self.manifest.parts, self.manifest.columns))
        said = blake2b(columns.encode(), digest_size=16)
        for name in self.names:
            entry = self.entries.get(name)
            if self.is_as_noted(name) and entry is not None:
                own = entry.jobs.get(job)
                told = None if own is None else (own.documents, own.digest)
            else:
                told = (-1, self.stamps.get(name, "missing"))
            if told is not None:
                said.update(f"{name} {told}\n".encode())
        return said.hexdigest()


@dataclass
class Holdings:
    """What a job has in the parts of a data set, to be asked of documents: 16 bytes of memory for each.

    `is_untold` says that the manifest does not tell of parts that are as they were written.
    """

    standing: StandingParts
    job: str
    schema: Any
    is_untold: bool = False
    _paths: "array[int]" = field(default_factory=lambda: array("q"))
    _results: "array[int]" = field(default_factory=lambda: array("q"))
    _why: dict[str, str] = field(default_factory=dict)

    def read(self) -> "Holdings":
        """Read the keys of all parts that are as they were left."""
        for name in self.standing.names:
            condition = self.standing.condition(name)
            if condition == "whole":
                self.is_untold = self.is_untold or not self.standing.is_as_noted(name)
                self._take(name)
            else:
                self._why[name] = (
                    f"its part {name} {'is missing' if condition == 'missing' else 'was changed'}"
                )
        self._paths = array("q", sorted(self._paths))
        self._results = array("q", sorted(self._results))
        return self

    def _take(self, name: str) -> None:
        with self.standing.reading(name) as part:
            if part is None:
                self._why[name] = f"its part {name} was changed"
                return
            if not is_alike(self.schema, part.schema):
                self._why[name] = f"its part {name} has other columns"
                return
            last = None
            for held in part.documents():
                if held != last and held[0] == self.job:
                    self._paths.append(_key(held[1]))
                    self._results.append(_key(f"{held[1]}\0{held[2]}"))
                last = held

    def why_not(self, path: bytes, digest: str) -> str | None:
        """Say why a document's rows are not those of its result; None where they are."""
        if self.standing.parts is None:
            return "its data set is missing"
        name = part_name(part_of(path, self.standing.parts), self.standing.parts)
        if name in self._why:
            return self._why[name]
        text = escape(path)
        if _has(self._results, _key(f"{text}\0{digest}")):
            return None
        return "its rows are of another result" if _has(self._paths, _key(text)) else "its rows are missing"


def _manifest_in(folder: PartsFolder) -> DataSetManifest | None:
    try:
        with folder.opened(MANIFEST) as file:
            return read_manifest(file.read(LARGEST + 1))
    except OSError:
        return None


def _key(text: str) -> int:
    said = text.encode(errors="surrogatepass")
    return int.from_bytes(blake2b(said, digest_size=8).digest(), signed=True)


def _has(keys: "array[int]", key: int) -> bool:
    at = bisect_left(keys, key)
    return at < len(keys) and keys[at] == key
