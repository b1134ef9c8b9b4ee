"""OpenDocument files as an engine: texts as blocks, presentations as pages."""

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping

from docbatch.core.models import Failure, FailureClass
from docbatch.providers.local import engines
from docbatch.providers.local.engines import Json, Options, Parsed
from docbatch.providers.local.flow.story import Story
from docbatch.providers.local.flow.unreadable import UnreadablePartError, refusal
from docbatch.providers.local.flow.xml_tree import children, first
from docbatch.providers.local.office.embedded import EmbeddedFiles
from docbatch.providers.local.office.opendocument import files as opening
from docbatch.providers.local.office.opendocument import presentation
from docbatch.providers.local.office.opendocument.files import OpenDocumentFiles
from docbatch.providers.local.office.opendocument.styles import OpenDocumentStyles
from docbatch.providers.local.office.opendocument.text import OpenDocumentReader

_PAGED: Mapping[str, Callable[[ET.Element, OpenDocumentReader], list[Json]]] = {
    "office:presentation": presentation.pages,
    "office:drawing": presentation.pages,
}
_SHEETS = "application/vnd.oasis.opendocument.spreadsheet"
_HEADERS = ("style:header-first", "style:header", "style:header-left")
_FOOTERS = ("style:footer-first", "style:footer", "style:footer-left")


class OpenDocumentEngine:
    label = "opendocument"

    def warm_up(self) -> None:
        """What it takes grows with each document, and is given back."""

    def extract(self, data: bytes, _media_type: str, options: Options, /) -> Parsed | Failure:
        try:
            files = opening.opened(data)
        except UnreadablePartError as error:
            return refusal(error, "content.xml")
        body = next(iter(first(files.content, "office:body") or ()), None)
        if body is None:
            return Failure(FailureClass.CORRUPT, "content.xml: it has no body")
        if body.tag == "office:spreadsheet":
            return engines.load("sheets").extract(data, _SHEETS, options)
        styles = files.tree("styles.xml")
        reader = OpenDocumentReader(files, OpenDocumentStyles(files.content, styles))
        if body.tag in _PAGED:
            pages = _PAGED[body.tag](body, reader)
            return _answer(files, Parsed(None, None, pages=pages), reader, options)
        return _answer(files, _text(body, reader, styles), reader, options)

    def close(self) -> None:
        """Nothing is held."""


def _text(body: ET.Element, reader: OpenDocumentReader, styles: ET.Element | None) -> Parsed:
    story, headers, footers, known = Story(), Story(), Story(), set[str]()
    for master in _masters(styles, reader):
        for names, role, running in ((_HEADERS, "header", headers), (_FOOTERS, "footer", footers)):
            for each in (found for name in names for found in children(master, name)):
                _once(each, role, running, reader, known)
    story.extend(headers)
    reader.body(body, story)
    story.extend(footers)
    return story.parsed({}, [], [])


def _once(
    element: ET.Element, role: str, running: Story, reader: OpenDocumentReader, known: set[str]
) -> None:
    if element.get("style:display") == "false":
        return
    said = Story()
    reader.inside(element, said)
    reader.tell_notes(said)
    if f"{role}: {said.text()}" not in known:
        known.add(f"{role}: {said.text()}")
        running.extend(said, role)


def _masters(styles: ET.Element | None, reader: OpenDocumentReader) -> Iterator[ET.Element]:
    """Yield the layouts of pages that the document uses: the first, those asked for, and those that follow them."""
    masters = {
        each.get("style:name", ""): each
        for each in children(styles, "office:master-styles", "style:master-page")
    }
    used = [name for name in masters if name == "Standard" or name in reader.styles.masters()] or list(
        masters
    )[:1]
    seen = set(used)
    for name in used:
        yield masters[name]
        following = masters[name].get("style:next-style-name", "")
        if following in masters and following not in seen:
            seen.add(following)
            used.append(following)


def _answer(
    files: OpenDocumentFiles, parsed: Parsed, reader: OpenDocumentReader, options: Options
) -> Parsed | Failure:
    blocks = [*parsed.blocks, *(block for page in parsed.pages for block in page["blocks"])]
    only_pictures = reader.pictures > 0 and not any(block["kind"] != "image" for block in blocks)
    if only_pictures and options.reads_pictures and files.archive is not None:
        return Failure(FailureClass.EMPTY, "the document has pictures and no words; they are read elsewhere")
    embedded = _embedded(files, options)
    return Parsed(
        parsed.markdown,
        parsed.text,
        pages=parsed.pages,
        blocks=parsed.blocks,
        tables=parsed.tables,
        attachments=embedded.attachments if embedded else [],
        metadata=files.metadata(),
        warnings=[*files.warnings, *(embedded.warnings if embedded else ())],
        lost=[*files.lost, *(embedded.lost if embedded else ())],
        unread=[1] if only_pictures else [],
    )


def _embedded(files: OpenDocumentFiles, options: Options) -> EmbeddedFiles | None:
    """List what was put into the document as a file of another program."""
    if files.archive is None:
        return None
    embedded = EmbeddedFiles(files.archive, options)
    for each in files.content.iter("draw:object-ole"):
        name = each.get("xlink:href", "").removeprefix("./")
        if name in files.archive:
            embedded.add(name)
    return embedded
