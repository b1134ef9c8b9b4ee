"""Office Open XML workbooks: their sheets in the order of the workbook, each with what belongs to it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from docbatch.providers.local.engines import Json
from docbatch.providers.local.flow import xml_stream
from docbatch.providers.local.flow.unreadable import UnreadablePartError
from docbatch.providers.local.flow.xml_tree import first, is_on
from docbatch.providers.local.office import package_facts
from docbatch.providers.local.office.graphics import Graphics
from docbatch.providers.local.office.opc import OpcPackage, Relation
from docbatch.providers.local.office.sheets import cell_values, drawings
from docbatch.providers.local.office.sheets.cell_values import Workings
from docbatch.providers.local.office.sheets.sheet import Sheet, Workbook, named
from docbatch.providers.local.office.sheets.xlsx_sheet import WorksheetListener

MAIN = "xl/workbook.xml"


@dataclass(frozen=True, slots=True)
class ListedSheet:
    """A sheet as the workbook lists it; `relation` is what it points to, None where that is not said."""

    name: str
    relation: Relation | None
    is_hidden: bool = False


@dataclass(slots=True)
class Book:
    """What a workbook says of its sheets. `lost` concerns all of them."""

    listed: Sequence[ListedSheet]
    workings: Workings
    people: Mapping[str, str] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read(data: bytes) -> Workbook:
    """Return the sheets, each read when it is asked for.

    Raises UnreadablePartError where the workbook itself cannot be read.
    """
    package = OpcPackage(data)
    book = _book(package)
    sheets = (_sheet(package, book, listed) for listed in book.listed)
    return Workbook(sheets, book.lost, book.warnings, package_facts.read(package), package)


def _book(package: OpcPackage) -> Book:
    main = package.main(MAIN)
    tree = package.plain_tree(main)
    warnings: list[str] = []
    try:
        relations = package.relations(main)
    except UnreadablePartError as error:
        relations = {}
        warnings.append(
            f"where the sheets are cannot be read ({error}): they are taken in the order of their parts"
        )
    properties = first(tree, "workbookPr")
    workings = Workings(is_1904=properties is not None and is_on(properties.get("date1904")))
    sheets = list(tree.iter("sheet"))
    if not relations:
        relations = dict(_guessed(package, [each.get("r:id", "") for each in sheets]))
    listed = [
        ListedSheet(
            each.get("name", ""),
            relations.get(each.get("r:id", "")),
            each.get("state", "visible") in {"hidden", "veryHidden"},
        )
        for each in sheets
    ]
    book = Book(listed, workings, warnings=warnings)
    fill(package, book, relations)
    return book


def _guessed(package: OpcPackage, identifiers: Sequence[str]) -> Iterator[tuple[str, Relation]]:
    """Yield where sheets and what they share are by custom, for a workbook that does not say it."""
    for number, identifier in enumerate(identifiers, 1):
        part = f"xl/worksheets/sheet{number}.xml"
        if part in package:
            yield identifier, Relation("worksheet", part)
    for kind in ("sharedStrings", "styles"):
        if f"xl/{kind}.xml" in package:
            yield f"the {kind}", Relation(kind, f"xl/{kind}.xml")


def fill(package: OpcPackage, book: Book, relations: Mapping[str, Relation]) -> None:
    """Read what all sheets refer to; what of it is broken is said, and the sheets are read without."""
    parts = {relation.kind: relation.target for relation in relations.values() if not relation.is_external}
    if "sharedStrings" in parts:
        book.workings.texts, reason = cell_values.texts(package, parts["sharedStrings"])
        if reason:
            book.lost.append(f"the texts that cells share: {reason}")
    try:
        if "styles" in parts:
            book.workings.formats = cell_values.formats(package, parts["styles"])
    except UnreadablePartError as error:
        book.lost.append(f"the formats of numbers and dates: {error}")
    try:
        if "person" in parts:
            book.people = drawings.people(package, parts["person"])
    except UnreadablePartError:
        book.people = {}


def _sheet(package: OpcPackage, book: Book, listed: ListedSheet) -> Sheet:
    sheet = Sheet(listed.name, is_hidden=listed.is_hidden)
    if listed.relation is None or listed.relation.is_external:
        sheet.lost.append("the part is missing")
        return sheet
    listener = WorksheetListener(sheet, book.workings)
    try:
        xml_stream.read(package.chunks(listed.relation.target), listener)
    except UnreadablePartError as error:
        after = f", after {sheet.grid.size()} cells" if sheet.grid.rows else ""
        sheet.lost.append(f"{error}{after}")
    if listener.missing:
        sheet.lost.append(
            f"the texts of {named(listener.missing)}: they are not among those the workbook keeps"
        )
    lie_on(package, listed.relation.target, sheet, book.people, listener.drawings)
    return sheet


def lie_on(
    package: OpcPackage, part: str, sheet: Sheet, people: Mapping[str, str], drawn: Sequence[str]
) -> None:
    """Read what lies on the cells of a sheet, as far as it is XML; `drawn` are the relations that the sheet uses."""
    try:
        relations = package.relations(part)
    except UnreadablePartError as error:
        sheet.lost.append(f"what lies on its cells: {error}")
        return
    by_kind: dict[str, list[str]] = {"package": [], "oleObject": []}
    for relation in relations.values():
        if not relation.is_external:
            by_kind.setdefault(relation.kind, []).append(relation.target)
    sheet.embedded += [*by_kind["package"], *by_kind["oleObject"]]
    try:
        _drawn(package, [relations[each].target for each in drawn if each in relations], sheet)
    except UnreadablePartError as error:
        sheet.lost.append(f"its text boxes and charts: {error}")
    try:
        _remarks(package, by_kind, people, sheet)
    except UnreadablePartError as error:
        sheet.lost.append(f"its comments: {error}")


def _drawn(package: OpcPackage, parts: Sequence[str], sheet: Sheet) -> None:
    for part in parts:
        graphics = Graphics(package, package.relations(part))
        tree = package.plain_tree(part)
        sheet.beside += drawings.read(tree, graphics)
        sheet.pictures += sum(1 for _ in tree.iter("pic"))
        sheet.lost += graphics.lost


def _remarks(
    package: OpcPackage, by_kind: Mapping[str, list[str]], people: Mapping[str, str], sheet: Sheet
) -> None:
    answered: dict[str, list[Json]] = {}
    for part in by_kind.get("threadedComment", ()):
        for reference, thread in drawings.threads(package.plain_tree(part), people).items():
            answered.setdefault(reference, []).extend(thread)
    for part in by_kind.get("comments", ()):
        if part.endswith(".xml"):
            sheet.beside += drawings.comments(package.plain_tree(part), answered)
            answered = {}
    sheet.beside += [block for thread in answered.values() for block in thread]
