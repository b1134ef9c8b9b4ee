"""What stands in frames of a drawing: tables, charts, diagrams, files of other programs."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from docbatch.providers.local.engines import Json
from docbatch.providers.local.flow.unreadable import UnreadablePartError
from docbatch.providers.local.flow.xml_tree import is_on, whole
from docbatch.providers.local.office import charts, diagrams
from docbatch.providers.local.office.drawing_text import lines
from docbatch.providers.local.office.opc import OpcPackage, Relation


@dataclass(slots=True)
class Graphics:
    """Reads the frames of one part. `lost` is what could not be read, `embedded` the parts that are files, by their kind."""

    package: OpcPackage
    relations: Mapping[str, Relation]
    lost: list[str] = field(default_factory=list)
    embedded: dict[str, str] = field(default_factory=dict)

    def read(self, frame: ET.Element) -> list[Json]:
        """Return what a frame shows; what stands in it is found whatever surrounds it."""
        found: list[Json] = []
        ahead = [frame]
        while ahead:
            each = ahead.pop()
            if each.tag == "tbl":
                found.append(table(each))
                continue
            if each.tag == "chart" and each.get("r:id"):
                found += self._chart(each.get("r:id", ""))
            elif each.tag == "relIds" and each.get("r:dm"):
                found += self._diagram(each.get("r:dm", ""))
            elif each.tag in {"oleObj", "oleObject"} and each.get("r:id"):
                self._embed(each.get("r:id", ""), each.get("progId", ""))
            ahead.extend(reversed(each))
        return found

    def _chart(self, identifier: str) -> list[Json]:
        tree = self._tree(identifier, "a chart")
        if tree is None:
            return []
        found, is_whole = charts.read(tree)
        if not is_whole:
            self.lost.append("figures of a chart are not kept in it")
        return found

    def _diagram(self, identifier: str) -> list[Json]:
        tree = self._tree(identifier, "a diagram")
        return [] if tree is None else diagrams.read(tree)

    def _tree(self, identifier: str, what: str) -> ET.Element | None:
        relation = self.relations.get(identifier)
        try:
            if relation is None or relation.is_external:
                raise UnreadablePartError("the part is missing")  # noqa: TRY301 - the same words as for a part that is not there
            return self.package.plain_tree(relation.target)
        except UnreadablePartError as error:
            self.lost.append(f"{what}: {error}")
            return None

    def _embed(self, identifier: str, program: str) -> None:
        relation = self.relations.get(identifier)
        if relation is not None and not relation.is_external:
            self.embedded.setdefault(relation.target, program)


def table(tree: ET.Element) -> Json:
    """Return a table of a slide; what a merged cell covers is part of its span."""
    rows = [[cell for cell in row if cell.tag == "tc"] for row in tree if row.tag == "tr"]
    found = [list(_cells(row, y, len(rows))) for y, row in enumerate(rows)]
    shown = "\n".join("\t".join(cell["text"].replace("\n", " ") for cell in row) for row in found)
    return {"kind": "table", "text": shown, "cells": [cell for row in found for cell in row]}


def _cells(row: list[ET.Element], y: int, height: int) -> Iterator[Json]:
    for x, each in enumerate(row):
        text = lines(each)
        if not text and (is_on(each.get("hMerge")) or is_on(each.get("vMerge"))):
            continue
        cell: Json = {"row": y, "column": x, "text": text}
        spans = {
            "row_span": min(whole(each.get("rowSpan"), 1), height - y),
            "column_span": min(whole(each.get("gridSpan"), 1), len(row) - x),
        }
        yield cell | {name: span for name, span in spans.items() if span > 1}
