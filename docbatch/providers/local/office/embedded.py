"""Files inside an office document: what they are called, and what is in them as far as they can be read."""

import os
import posixpath
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field

from docbatch import media
from docbatch.core.models import Failure, FailureClass
from docbatch.providers.local import blocks, engines
from docbatch.providers.local.engines import Json, Options, Parsed
from docbatch.providers.local.office.opc import BrokenPartError, OpcPackage

_LARGEST = 64 << 20
_MOST = 50
_DEEPEST = 3
# A file may hold itself: how deep one is being read holds for all engines that take part.
_depth: ContextVar[int] = ContextVar("depth of embedded files", default=0)


@dataclass(slots=True)
class EmbeddedFiles:
    """Reads the files of one document, each once, and those inside them as far as they are not too deep."""

    package: OpcPackage
    options: Options
    attachments: list[Json] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)

    def add(self, where: str, part: str, program: str) -> None:
        """Read a file that stands somewhere, such as "slide 2"; `program` made it."""
        if part in self._seen:
            return
        self._seen.add(part)
        name = posixpath.basename(part)
        what = f"{where}: the file {name}{f' ({program})' if program else ''} inside"
        try:
            data = self.package.read(part, _LARGEST)
        except BrokenPartError as error:
            self.lost.append(f"{what}: {error}")
            return
        kind = media.detect(data[: media.HEAD_SIZE], os.fsencode(name))
        file: Json = {"name": name, "media_type": kind, "size": len(data)}
        read = self._read(data, kind)
        if isinstance(read, Failure):
            self.lost.append(f"{what}: {read.message}")
        else:
            file |= _content(read)
            self.lost += [f"{what}: {reason}" for reason in read.lost]
            self.warnings += [f"{what}: {warning}" for warning in read.warnings]
        self.attachments.append(file)

    def markdown(self) -> str:
        """Return what was read of the files, each under its name, to stand after the document's own."""
        return self._said("markdown", "## ")

    def text(self) -> str:
        return self._said("text", "")

    def _said(self, form: str, mark: str) -> str:
        read = (file for file in self.attachments if file.get(form))
        return "\n\n".join(f"{mark}Attachment: {file['name']}\n\n{file[form]}" for file in read)

    def _read(self, data: bytes, kind: str) -> Parsed | Failure:
        if len(self.attachments) >= _MOST:
            return Failure(FailureClass.TOO_LARGE, f"only {_MOST} files inside are read")
        if _depth.get() >= _DEEPEST:
            return Failure(FailureClass.TOO_LARGE, f"files inside are read {_DEEPEST} deep")
        before = _depth.set(_depth.get() + 1)
        try:
            return self._by_engines(data, kind)
        finally:
            _depth.reset(before)

    def _by_engines(self, data: bytes, kind: str) -> Parsed | Failure:
        outcome: Parsed | Failure | None = None
        for name in engines.route(kind, self.options):
            engine = engines.load(name)
            try:
                outcome = engine.extract(data, kind, self.options)
            finally:
                engine.close()
            if isinstance(outcome, Parsed):
                return outcome
        return outcome or Failure(FailureClass.UNSUPPORTED, f"files of type {kind} are not read")


def _content(read: Parsed) -> Mapping[str, object]:
    pages = [block for page in read.pages for block in page.get("blocks", ())]
    found = list(read.blocks) or pages
    markdown = read.markdown if read.markdown is not None else blocks.markdown(found)
    text = read.text if read.text is not None else blocks.text(found)
    return {"markdown": markdown, "text": text, "blocks": found, "attachments": list(read.attachments)}


def whole(pages: list[Json], form: str, after: str) -> str | None:
    """Return pages and the files in them, None where the pages say everything."""
    said = [*(page[form] for page in pages), after]
    return "\n\n".join(each for each in said if each) if after else None
