"""The slides of an OpenDocument presentation, or the pages of a drawing, in their order."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator

from docbatch.providers.local.engines import Json
from docbatch.providers.local.flow.prose import Prose
from docbatch.providers.local.flow.story import Story
from docbatch.providers.local.flow.xml_tree import children, first, text_within
from docbatch.providers.local.office.opendocument.text import OpenDocumentReader

_RUNNING = ("header", "footer")


def pages(body: ET.Element, reader: OpenDocumentReader) -> list[Json]:
    said = {
        (role, each.get("presentation:name", "")): text_within(each)
        for role in _RUNNING
        for each in children(body, f"presentation:{role}-decl")
    }
    return [
        _slide(slide, reader, said).page(number)
        for number, slide in enumerate(children(body, "draw:page"), start=1)
    ]


def _slide(slide: ET.Element, reader: OpenDocumentReader, said: dict[tuple[str, str], str]) -> Story:
    story = Story()
    for shape in _titles_first(slide):
        if shape.get("presentation:class") == "title":
            _title(shape, story, reader)
        else:
            wrapper = ET.Element("draw:g")
            wrapper.append(shape)
            reader.inside(wrapper, story)
    for role in _RUNNING:
        running = said.get((role, slide.get(f"presentation:use-{role}-name", "")), "")
        story.paragraph(Prose(running), role)
    reader.tell_notes(story)
    notes = first(slide, "presentation:notes")
    if notes is not None:
        spoken = Story()
        reader.inside(notes, spoken)
        story.extend(spoken, "speaker_notes")
    if not reader.styles.is_hidden_page(slide.get("draw:style-name", "")):
        return story
    hidden = Story()
    hidden.extend(story, "hidden")
    reader.files.warn("the presentation has hidden slides; they are marked as hidden")
    return hidden


def _titles_first(slide: ET.Element) -> Iterator[ET.Element]:
    yield from sorted(slide, key=lambda shape: shape.get("presentation:class") != "title")


def _title(shape: ET.Element, story: Story, reader: OpenDocumentReader) -> None:
    words = Story()
    reader.inside(shape, words)
    text, marked = words.lines()
    prose = Prose()
    prose.add(" ".join(text.split()), marked=" ".join(marked.split()))
    if prose:
        story.heading(prose, 2)
