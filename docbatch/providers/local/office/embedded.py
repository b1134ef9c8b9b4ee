"""Files inside an office document, each found as one of its parts."""

import posixpath
from dataclasses import dataclass, field

from docbatch.providers.local.attachments import AttachedFiles
from docbatch.providers.local.engines import Json, Options
from docbatch.providers.local.flow import packed_object
from docbatch.providers.local.flow.archive import Archive
from docbatch.providers.local.flow.unreadable import UnreadablePartError

_LARGEST = 200_000_000


@dataclass(slots=True)
class EmbeddedFiles:
    """Reads the files of one document, each once; `lost` and `warnings` say where each stands, as far as that is known."""

    archive: Archive
    options: Options
    attachments: list[Json] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)
    _files: AttachedFiles = field(init=False)

    def __post_init__(self) -> None:
        self._files = AttachedFiles(self.options)

    def add(self, part: str, where: str = "", program: str = "") -> None:
        """Read a file that stands somewhere, such as "slide 2"; `program` made it."""
        if part in self._seen:
            return
        self._seen.add(part)
        known = len(self._files.lost), len(self._files.warnings)
        name = posixpath.basename(part)
        try:
            self._files.add(*packed_object.unpacked(name, self.archive.read(part, _LARGEST)))
        except UnreadablePartError as error:
            self._files.leave(name, str(error))
        self.attachments = self._files.attachments
        made = f" ({program})" if program else ""
        place = f"{where}{made}: " if where else ""
        self.lost += [f"{place}{reason}" for reason in self._files.lost[known[0] :]]
        self.warnings += [f"{place}{warning}" for warning in self._files.warnings[known[1] :]]
