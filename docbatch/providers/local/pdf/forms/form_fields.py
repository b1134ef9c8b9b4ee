"""What was filled into a form and where it stands: values and ticks beside the words they belong to."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import groupby

from liteparse import FormField
from pypdfium2 import PdfiumError, PdfPage
from pypdfium2 import raw as pdfium

from docbatch.providers.local import blocks
from docbatch.providers.local.engines import Json
from docbatch.providers.local.pdf.forms.field_entries import (
    CHOSEN,
    SLACK,
    TICKED,
    FieldEntry,
    bare,
    entries_of,
    find_values,
    find_words,
)
from docbatch.providers.local.pdf.layout.block_lines import BlockLine, by_segment, lines_of_block, parts
from docbatch.providers.local.pdf.layout.page_layout import PageLayout
from docbatch.providers.local.pdf.layout.page_lines import PageLine, Segment
from docbatch.providers.local.pdf.layout.page_pieces import PagePiece
from docbatch.providers.local.pdf.pdf_document import PdfDocument

_SHOWN = TICKED | CHOSEN | {"text", "signature"}
_UNSEEN = pdfium.FPDF_ANNOT_FLAG_INVISIBLE | pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_NOVIEW
_PASSWORD = 1 << 13
_MOST = 5000
_LONGEST_NAME = 200
_TICKS = frozenset("4568lnux\u2713\u2714\u2717\u2718\u25cf\u25a0XHN")
_INDEX = re.compile(r"\[\d+\]$")


def add_form_fields(document: PdfDocument) -> None:
    """Put what was filled in beside its label, as blocks with the role `form_field`; buttons and hidden fields are left out."""
    for parsed, page in zip(document.parsed.pages, document.pages, strict=True):
        fields = [each for each in parsed.form_fields or () if each.rect and each.type in _SHOWN][:_MOST]
        if fields:
            _add(PageLayout(parsed, page), _visible(document, parsed.page_num, fields), page)


def _visible(document: PdfDocument, number: int, fields: Sequence[FormField]) -> list[FormField]:
    """Return the fields that are shown; all but passwords where PDFium cannot open the document."""
    open_fields = [each for each in fields if not (each.type == "text" and each.field_flags & _PASSWORD)]
    try:
        page = document.pdfium[number - 1]
    except PdfiumError:
        return open_fields
    with closing(page):
        return [each for each in open_fields if not _flags(page, each) & _UNSEEN]


def _flags(page: PdfPage, each: FormField) -> int:
    annotation = pdfium.FPDFPage_GetAnnot(page, each.annotation_index)
    if not annotation:
        return 0
    try:
        return int(pdfium.FPDFAnnot_GetFlags(annotation))
    finally:
        pdfium.FPDFPage_CloseAnnot(annotation)


def _add(layout: PageLayout, fields: Sequence[FormField], page: Json) -> None:
    entries = entries_of(fields)
    pieces = layout.pieces
    if not entries:
        return
    if pieces is None:
        layout.append([*_alone(entry for entry in entries if bare(entry.said) not in bare(page["text"]))])
        return
    find_values(entries, layout.parsed.text_items)
    find_words(entries, layout.lines)
    values = {bare(entry.said) for entry in entries if entry.is_there}
    labelled = {id(entry.label): entry.label for entry in entries if entry.label is not None}
    rest = [entry for entry in entries if entry.label is None and not entry.is_there]
    done: set[int] = set()
    result: list[PagePiece] = []
    for each in pieces:
        piece = _value(each) if bare(each.markdown.lstrip("#")) in values else each
        result += _with_values(piece, layout.lines, entries, done) if labelled else [piece]
    rest += [
        entry for entry in entries if entry.label is not None and id(entry) not in done and not entry.is_there
    ]
    for entry in rest:
        _insert(result, entry)
    layout.replace(result)


def _with_values(
    piece: PagePiece, lines: Sequence[PageLine], entries: Sequence[FieldEntry], done: set[int]
) -> list[PagePiece]:
    """Return a piece with what was filled in, each field that is named by its words as a piece of its own."""
    box = piece.block.get("bbox") if piece.block is not None else None
    mine = [
        entry for entry in entries if entry.label is not None and box is not None and _holds(box, entry.label)
    ]
    mine = [entry for entry in mine if id(entry) not in done]
    if not mine or piece.block is None:
        return [piece]
    if piece.kind == "table":
        return [_table_with_values(piece, mine, done)]
    found = lines_of_block(piece, lines)
    if not found or "***" in piece.markdown:
        return [piece]
    by_label: dict[int, list[FieldEntry]] = defaultdict(list)
    for entry in mine:
        by_label[id(entry.label)].append(entry)
    runs = [list(run) for _, run in groupby(_tagged(found, by_label), key=lambda pair: pair[0])]
    result = []
    made = parts(piece, [[line for _, line in run] for run in runs])
    for run, (text, block) in zip(runs, made, strict=True):
        named = [entry for _, line in run for entry in by_label.get(id(line.segments[0]), ())]
        done |= {id(entry) for entry in named}
        result.append(_filled(text, block, named) if named else _like(piece, text, block))
    return result


def _value(piece: PagePiece) -> PagePiece:
    """Return a piece that is nothing but a value: it names no part of the document, however large it is written."""
    if piece.block is None or piece.kind == "table":
        return piece
    block = {key: value for key, value in piece.block.items() if key != "level"}
    return PagePiece(piece.markdown.lstrip("# "), {**block, "kind": "text", "role": "form_field"})


def _holds(box: Sequence[float], segment: Segment) -> bool:
    middle = (segment.y0 + segment.y1) / 2
    # The box of a heading may be that of its first line.
    return (
        box[1] - SLACK <= middle <= box[3] + SLACK
        and segment.x0 < box[2] + SLACK
        and box[0] - SLACK < segment.x1
    )


def _tagged(
    found: Iterable[BlockLine], by_label: dict[int, list[FieldEntry]]
) -> Iterator[tuple[int, BlockLine]]:
    """Yield the segments of a piece, those that belong together under one number."""
    inside: set[int] = set()
    number = 0
    was_named = False
    for line in by_segment(found):
        segment = line.segments[0]
        named = by_label.get(id(segment))
        if named is not None:
            number += 1
            inside = {id(each) for entry in named for each in entry.inside}
            was_named = True
        elif was_named and id(segment) not in inside:
            number += 1
            was_named = False
        yield number, line


def _like(piece: PagePiece, text: str, block: Json) -> PagePiece:
    if piece.kind == "heading" and piece.block is not None:
        level = piece.block.get("level", 1)
        return PagePiece(f"{'#' * level} {text}", {**block, "kind": "heading", "level": level})
    return PagePiece(text, block)


def _filled(text: str, block: Json, named: Sequence[FieldEntry]) -> PagePiece:
    before = " ".join(entry.said for entry in named if entry.stands_before)
    after = [entry for entry in named if not entry.stands_before and not entry.is_there]
    values = " ".join(
        entry.said for entry in sorted(after, key=lambda entry: (round(entry.rect.y), entry.rect.x))
    )
    plain = block["text"]
    if before:
        plain, text = _without_tick(plain), _without_tick(text)
    said = [part for part in (before, plain, values) if part]
    marked = [part for part in (before, text, _escaped(values)) if part]
    return PagePiece(" ".join(marked), {**block, "text": " ".join(said), "role": "form_field"})


def _without_tick(text: str) -> str:
    """Return a label without the letter of a symbol font that draws the tick."""
    first, _, rest = text.partition(" ")
    return rest if rest and first in _TICKS else text


def _escaped(text: str) -> str:
    return re.sub(r"([\\*`])", r"\\\1", text).replace("\n", "  \n")


def _table_with_values(piece: PagePiece, entries: Sequence[FieldEntry], done: set[int]) -> PagePiece:
    """Put values into the cell beside the one that names them if that is empty, else behind the name."""
    if piece.block is None:
        return piece
    cells = [dict(cell) for cell in piece.block["cells"]]
    places = {(cell["row"], cell["column"]): cell for cell in cells}
    for entry in entries:
        named = next(
            (cell for cell in cells if entry.label and bare(entry.label.text) in bare(cell["text"])), None
        )
        if named is None:
            continue
        done.add(id(entry))
        if entry.is_there:
            continue
        beside = places.get((named["row"], named["column"] + 1))
        if entry.stands_before:
            named["text"] = f"{entry.said} {_without_tick(named['text'])}"
        elif beside is not None and not beside["text"]:
            beside["text"] = entry.said
        else:
            named["text"] = f"{named['text']} {entry.said}"
    rows = [[cell["text"] for cell in row] for _, row in groupby(cells, key=lambda cell: cell["row"])]
    block = {**piece.block, "cells": cells, "text": "\n".join("\t".join(row) for row in rows)}
    return PagePiece(blocks.markdown([block]), block)


def _alone(entries: Iterable[FieldEntry]) -> Iterator[PagePiece]:
    """Yield fields that no words of the page name, by their own names; of boxes only those that are ticked."""
    for entry in entries:
        if entry.said == "[ ]" and entry.field.type == "radio":
            continue
        text = f"{_name(entry.field)}: {entry.said}"
        rect = entry.rect
        box = [round(value, 2) for value in (rect.x, rect.y, rect.x + rect.width, rect.y + rect.height)]
        block = {**blocks.paragraph(text), "bbox": box, "role": "form_field"}
        yield PagePiece(_escaped(text), block)


def _name(each: FormField) -> str:
    name = each.alternate_name or _INDEX.sub("", (each.name or each.type).rpartition(".")[2])
    return " ".join(name.split())[:_LONGEST_NAME].rstrip(" :")


def _insert(pieces: list[PagePiece], entry: FieldEntry) -> None:
    top = entry.rect.y + entry.rect.height / 2
    for made in _alone([entry]):
        tops = (piece.block["bbox"][1] if piece.block and "bbox" in piece.block else -1 for piece in pieces)
        at = next((number for number, each in enumerate(tops) if each > top), len(pieces))
        pieces.insert(at, made)
