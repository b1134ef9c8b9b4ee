"""Files inside an office document, each found as one of its parts."""

import posixpath
from dataclasses import dataclass, field

from docbatch.providers.local.attachments import AttachedFiles
from docbatch.providers.local.engines import Json, Options
from docbatch.providers.local.flow.unreadable import UnreadablePartError
from docbatch.providers.local.office.opc import OpcPackage

_LARGEST = 64 << 20


@dataclass(slots=True)
class EmbeddedFiles:
    """Reads the files of one document, each once; `lost` and `warnings` say where each stands."""

    package: OpcPackage
    options: Options
    attachments: list[Json] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)
    _files: AttachedFiles = field(init=False)

    def __post_init__(self) -> None:
        self._files = AttachedFiles(self.options)

    def add(self, where: str, part: str, program: str) -> None:
        """Read a file that stands somewhere, such as "slide 2"; `program` made it."""
        if part in self._seen:
            return
        self._seen.add(part)
        known = len(self._files.lost), len(self._files.warnings)
        name = posixpath.basename(part)
        made = f" ({program})" if program else ""
        try:
            self._files.add(name, self.package.read(part, _LARGEST))
        except UnreadablePartError as error:
            self._files.leave(name, str(error))
        self.attachments = self._files.attachments
        self.lost += [f"{where}{made}: {reason}" for reason in self._files.lost[known[0] :]]
        self.warnings += [f"{where}{made}: {warning}" for warning in self._files.warnings[known[1] :]]
