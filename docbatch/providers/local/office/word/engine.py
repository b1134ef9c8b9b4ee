"""Word documents as an engine: the package is opened, its parts are read, what could not be read is named."""

import xml.etree.ElementTree as ET

from docbatch.core.models import Failure, FailureClass
from docbatch.providers.local.engines import Json, Options, Parsed
from docbatch.providers.local.flow import inserted
from docbatch.providers.local.flow.story import Story
from docbatch.providers.local.flow.unreadable import UnreadablePartError, refusal
from docbatch.providers.local.flow.xml_tree import first
from docbatch.providers.local.office.embedded import EmbeddedFiles
from docbatch.providers.local.office.opc import OpcPackage
from docbatch.providers.local.office.word.body import WordBody
from docbatch.providers.local.office.word.notes import WordNotes
from docbatch.providers.local.office.word.numbering import WordNumbering
from docbatch.providers.local.office.word.parts import WordParts
from docbatch.providers.local.office.word.styles import WordStyles

_EMBEDDED = frozenset({"package", "oleObject"})


class WordEngine:
    label = "word"

    def warm_up(self) -> None:
        """What it takes grows with each document, and is given back."""

    def extract(self, data: bytes, _media_type: str, options: Options, /) -> Parsed | Failure:
        try:
            archive = OpcPackage(data)
        except UnreadablePartError as error:
            return refusal(error)
        parts = WordParts(archive, options)
        main = parts.main()
        try:
            root, complaint = archive.tree(main)
        except UnreadablePartError as error:
            return refusal(error, main)
        if complaint:
            parts.missed[main] = f"only its beginning was read; {complaint}"
        return _read(parts, main, root)

    def close(self) -> None:
        """Nothing is held."""


def _read(parts: WordParts, main: str, root: ET.Element) -> Parsed | Failure:
    document = first(root, "w:body")
    if document is None:
        return Failure(FailureClass.CORRUPT, f"{main}: it has no body")
    notes = WordNotes(parts, main, parts.related(main, "settings"))
    body = WordBody(
        parts,
        WordStyles(parts.related(main, "styles")),
        WordNumbering(parts.related(main, "numbering")),
        notes,
        lambda target: _inserted(parts, target),
    )
    reader = body.reader(main)
    sections = _Sections(parts, main, body, document)
    story = Story()
    sections.begin(story)
    story.extend(body.read(document, reader, sections.end))
    notes.mark_the_rest()
    body.tell_notes(story)
    body.put_back(document, reader, story)
    only_pictures = body.pictures and not any(block["kind"] != "image" for block in story.plain)
    if only_pictures and parts.options.reads_pictures:
        return Failure(FailureClass.EMPTY, "the document has pictures and no words; they are read elsewhere")
    attachments = _attachments(parts, main)
    return story.parsed(
        parts.metadata(),
        list(parts.warnings),
        parts.lost(),
        attachments=attachments,
        unread=[1] if only_pictures else [],
    )


class _Sections:
    """Headers and footers: each said once, headers where its section begins, footers where it ends."""

    def __init__(self, parts: WordParts, main: str, body: WordBody, document: ET.Element) -> None:
        self._parts = parts
        self._main = main
        self._body = body
        former = {id(each) for change in document.iter("w:sectPrChange") for each in change.iter("w:sectPr")}
        self._sections = [each for each in document.iter("w:sectPr") if id(each) not in former]
        self._at = 0
        self._said: set[tuple[str, str]] = set()

    def begin(self, story: Story) -> None:
        if self._at < len(self._sections):
            self._tell("header", self._sections[self._at], story)

    def end(self, section: ET.Element, story: Story) -> None:
        self._tell("footer", section, story)
        self._at += 1
        self.begin(story)

    def _tell(self, role: str, section: ET.Element, story: Story) -> None:
        references = {
            each.get("w:type", "default"): each.get("r:id")
            for each in section
            if each.tag == f"w:{role}Reference"
        }
        for kind in ("first", "default", "even"):
            target = self._parts.target(self._main, references[kind]) if kind in references else None
            if target is None or (role, target) in self._said:
                continue
            self._said.add((role, target))
            told = self._body.part(target)
            if told and (role, told.text()) not in self._said:
                self._said.add((role, told.text()))
                story.extend(told, role)


def _inserted(parts: WordParts, target: str) -> Story | None:
    """Read a document that Word shows as part of this one."""
    content = parts.bytes_of(target)
    if content is None:
        return None
    story, lost, warnings = inserted.shown(target, content, parts.options)
    parts.losses += lost
    for warning in warnings:
        parts.warn(warning)
    return story


def _attachments(parts: WordParts, main: str) -> list[Json]:
    links = (each for each in parts.links(main).values() if each.kind in _EMBEDDED and not each.is_external)
    files = EmbeddedFiles(parts.archive, parts.options)
    for each in links:
        files.add(each.target)
    parts.losses += files.lost
    for warning in files.warnings:
        parts.warn(warning)
    return files.attachments
