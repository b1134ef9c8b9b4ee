"""Outputs that show pictures: in the place that the answer names for each, else below the page that it is on."""

from collections.abc import Mapping

from docbatch.core.results import Answer, DocumentInfo, Result, ShownPicture, offered_illustration
from docbatch.naming.picture_links import shown_picture
from docbatch.sinks.formats import lines, readable, whole_document
from docbatch.sinks.formats.docling_document import docling_document
from docbatch.sinks.formats.pictures import Illustrations, Place
from docbatch.sinks.formats.web_page import web_page
from docbatch.sinks.kind import Form


def with_pictures(answer: Answer, document: DocumentInfo, form: Form, drawn: Illustrations) -> bytes:
    """Return an answer as the bytes of an output. Raises ValueError when it cannot be written in this format."""
    match form:
        case "markdown":
            linked = offered_illustration(answer, drawn.links)
            whole = _below(answer.result(document), drawn.links).markdown if linked is None else None
            return lines(linked.markdown() if linked is not None else whole or "")
        case "html":
            # Where they lie is put in at the end: what reads Markdown would go through each character of a picture.
            marks = {place: f"picture:{page}.{number}" for place in drawn.links for page, number in (place,)}
            sources = {mark: drawn.links[place] for place, mark in marks.items()}
            return web_page(_linked(answer, document, marks), sources)
        case "docling-json":
            result = _linked(answer, document, {})
            return readable(docling_document(result, drawn.shown, drawn.names)) + b"\n"
    if not drawn.names:
        # What the service gave is in the answer itself, which the format has.
        return whole_document(_linked(answer, document, {}) if not drawn.links else answer.result(document))
    result = _linked(answer, document, drawn.links)
    return whole_document(result.model_copy(update={"pictures": _shown(drawn)}))


def _linked(answer: Answer, document: DocumentInfo, links: Mapping[Place, str]) -> Result:
    linked = offered_illustration(answer, links)
    return _below(answer.result(document), links) if linked is None else linked.result(document)


def _below(result: Result, links: Mapping[Place, str]) -> Result:
    """Return a result with its pictures below the pages they are on; where pages are not all of it, at its end."""
    if not links:
        return result
    pages = [page.markdown for page in result.pages if page.markdown]
    if "\n\n".join(pages).strip() != result.markdown.strip():
        return result.model_copy(update={"markdown": _joined(result.markdown, links)})
    below = tuple(
        page.model_copy(
            update={
                "markdown": _joined(
                    page.markdown or "", {at: to for at, to in links.items() if at[0] == page.number}
                )
            }
        )
        for page in result.pages
    )
    elsewhere = {at: to for at, to in links.items() if at[0] not in {page.number for page in result.pages}}
    whole = "\n\n".join(page.markdown for page in below if page.markdown)
    return result.model_copy(update={"pages": below, "markdown": _joined(whole, elsewhere)})


def _joined(markdown: str, links: Mapping[Place, str]) -> str:
    shown = [shown_picture(*links_of) for links_of in sorted(links.items())]
    return "\n\n".join(filter(None, (markdown.rstrip("\n") if shown else markdown, *shown)))


def _shown(drawn: Illustrations) -> tuple[ShownPicture, ...]:
    return tuple(
        ShownPicture(
            page=at[0],
            place=at[1],
            link=drawn.links[at],
            width=drawn.shown[at].width,
            height=drawn.shown[at].height,
        )
        for at in sorted(drawn.names)
    )
