"""What of a source was taken and what was left out by its own word, in numbers and in sentences."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from docbatch.core.report import plural, visible

MOST_NAMED = 3


@dataclass(slots=True)
class SelectionTally:
    """Complete once the windows of a source are read.

    `filtered` were left out by `where`. `sampled` is how many documents a sample has, and of how many. `unmatched` are lines of
    the list `metadata_file` that say something of no document, of which the first are kept with what is written there.
    Of documents that were taken, `uncounted` have no number of pages, `undated` no time of change and `unlooked` are fetched by
    the provider. Lines of files called `.docbatchignore` left out so many files and folders.
    So many are `unsettled`: they may be written just now, and count as they are recorded.
    """

    filtered: int = 0
    sampled: tuple[int, int] | None = None
    unmatched: int = 0
    first_unmatched: list[tuple[int, str]] = field(default_factory=list)
    metadata_file: str = ""
    uncounted: int = 0
    first_uncounted: str = ""
    undated: int = 0
    unlooked: int = 0
    ignored_files: int = 0
    ignored_folders: int = 0
    unsettled: int = 0
    first_unsettled: str = ""

    def miss(self, line: int, path: str) -> None:
        """Note a line that says something of no document."""
        self.unmatched += 1
        if len(self.first_unmatched) < MOST_NAMED:
            self.first_unmatched.append((line, path))

    @property
    def summary(self) -> str:
        """Say what was left out, for whoever wonders why nothing was found; empty where nothing was."""
        parts = []
        if self.filtered:
            parts.append(f"where leaves out {plural(self.filtered, 'document')}")
        if self.ignored_files or self.ignored_folders:
            parts.append(self._ignored())
        return "; ".join(parts)

    def notes(self) -> Iterator[str]:
        """Yield what whoever looks at the plan should know."""
        if self.filtered:
            yield f"where leaves out {plural(self.filtered, 'document')}: they count as not there"
        if self.sampled is not None:
            taken, among = self.sampled
            yield f"a sample of {taken:,} of {plural(among, 'document')}; the others count as not there"
        if self.ignored_files or self.ignored_folders:
            yield self._ignored()
        if self.unsettled:
            are = "is" if self.unsettled == 1 else "are"
            yield (
                f"{plural(self.unsettled, 'file')} may still be written, such as {visible(self.first_unsettled)}:"
                f" {are} left as recorded until nothing changed for a while"
            )
        if self.uncounted:
            yield (
                f"the pages of {plural(self.uncounted, 'document')} cannot be counted, such as {visible(self.first_uncounted)}:"
                " taken, whatever where.pages says"
            )
        if self.undated:
            yield (
                f"nothing says when {plural(self.undated, 'document')} changed last: taken, whatever where.modified says"
            )
        if self.unlooked:
            yield (
                f"{plural(self.unlooked, 'document')} taken of which size, pages and type are not known here:"
                " the provider fetches them"
            )
        if self.unmatched:
            named = ", ".join(f"line {line} ({visible(path)})" for line, path in self.first_unmatched)
            more = (
                f" and {self.unmatched - len(self.first_unmatched):,} more"
                if self.unmatched > MOST_NAMED
                else ""
            )
            yield f"{visible(self.metadata_file)}: no document is meant by {named}{more}"

    def _ignored(self) -> str:
        counts = (plural(self.ignored_files, "file"), plural(self.ignored_folders, "folder"))
        present = (self.ignored_files, self.ignored_folders)
        named = " and ".join(text for number, text in zip(present, counts, strict=True) if number)
        return f".docbatchignore leaves out {named}"
