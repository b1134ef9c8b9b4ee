"""`format: docling-json`: the document as a DoclingDocument, which tools around Docling read.

Its items are the result's blocks. Words of the text that no block has follow the blocks of their page, so that none is missing.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

from docbatch.core.results import Attachment, Block, Page, Picture, Result
from docbatch.sinks.formats.docling_items import DoclingItems, Item
from docbatch.sinks.formats.pictures import Place
from docbatch.sinks.formats.placed_tables import cells_of, loose_tables

VERSION = "1.5.0"
"""A version of the schema that has all that is written here: docling-core reads older ones, and refuses newer ones."""
_WORD = re.compile(r"\w+")
_PARAGRAPHS = re.compile(r"\n\s*\n")
_OTHER = "application/octet-stream"
# docling-core refuses a type that neither its own list nor Python's has.
_TYPES = frozenset(
    """application/epub+zip application/json application/pdf application/rtf application/msword application/vnd.ms-excel
    application/vnd.ms-powerpoint application/vnd.oasis.opendocument.presentation application/vnd.oasis.opendocument.spreadsheet
    application/vnd.oasis.opendocument.text application/vnd.openxmlformats-officedocument.presentationml.presentation
    application/vnd.openxmlformats-officedocument.spreadsheetml.sheet
    application/vnd.openxmlformats-officedocument.wordprocessingml.document application/zip image/gif image/jpeg image/png
    image/tiff message/rfc822 text/csv text/html text/markdown text/plain text/tab-separated-values text/xml""".split()  # noqa: SIM905 - a line a type says no more
)


def docling_document(
    result: Result, shown: Mapping[Place, Picture] | None = None, files: Mapping[Place, str] | None = None
) -> Item:
    """Return a result as the JSON of a DoclingDocument. `shown` are its pictures, and `files` where those lie that are not to be in it."""
    items = DoclingItems(files or {})
    shown = shown or {}
    said: Counter[str] = Counter()
    for page in result.pages:
        said.update(_add_page(items, page, shown))
    blocks = (*result.blocks, *loose_tables(result.model_copy(update={"blocks": ()}), Counter(result.blocks)))
    said.update(_add_blocks(items, blocks, items.body))
    headings = {block.text for block in blocks if block.kind == "heading"}
    said.update(_add_attachments(items, result.attachments, items.body, headings))
    for words in _unsaid(result.text, said):
        items.add_words(words, items.body)
    return {
        "schema_name": "DoclingDocument",
        "version": VERSION,
        "name": _stem(result.document.path),
        "origin": _origin(result),
        "furniture": {
            "self_ref": "#/furniture",
            "children": [],
            "content_layer": "furniture",
            "name": "_root_",
        },
        "body": items.body,
        **items.lists,
        "key_value_items": [],
        "form_items": [],
        "pages": {str(page.number): _page(page) for page in result.pages},
    }


def _add_page(items: DoclingItems, page: Page, shown: Mapping[tuple[int, int], Picture]) -> Counter[str]:
    said: Counter[str] = Counter()
    place = 0
    for block in page.blocks:
        picture = shown.get((page.number, place)) if block.kind == "image" else None
        place += block.kind == "image"
        items.add_block(block, items.body, page, picture)
        said.update(_words_of(block))
    for words in _unsaid(page.text, said):
        items.add_words(words, items.body, page)
        said.update(_words(words))
    return said


def _add_blocks(items: DoclingItems, blocks: Iterable[Block], parent: Item) -> Counter[str]:
    said: Counter[str] = Counter()
    for block in blocks:
        items.add_block(block, parent)
        said.update(_words_of(block))
    return said


def _add_attachments(
    items: DoclingItems, attachments: Iterable[Attachment], parent: Item, headings: Collection[str]
) -> Counter[str]:
    """Add files inside the document, each as a group that bears its name and begins with a heading, unless there is one before."""
    said: Counter[str] = Counter()
    for each in attachments:
        group = items.group(each.name, parent)
        heading = Block(kind="heading", text=f"Attachment: {each.name}", level=2)
        own = each.blocks if heading.text in headings else (heading, *each.blocks)
        inside = _add_blocks(items, own, group)
        below = {block.text for block in each.blocks if block.kind == "heading"}
        inside.update(_add_attachments(items, each.attachments, group, below))
        for words in _unsaid(each.text or "", inside):
            items.add_words(words, group)
            inside.update(_words(words))
        said.update(inside)
    return said


def _unsaid(text: str, said: Mapping[str, int]) -> Iterator[str]:
    """Yield the paragraphs of a text, or those lines of them, that have words beyond those that were said."""
    left = Counter(said)
    for paragraph in _PARAGRAPHS.split(text):
        lines = [line for line in paragraph.splitlines() if not _is_said(line, left)]
        if lines:
            yield "\n".join(lines)


def _is_said(line: str, left: Counter[str]) -> bool:
    """Whether all words of a line are left of those that were said; they are taken then."""
    words = _words(line)
    missing = any(left[word] < count for word, count in words.items())
    if not missing:
        left.subtract(words)
    return not missing


def _words_of(block: Block) -> Counter[str]:
    if block.kind == "table":
        return Counter(word for cell in cells_of(block) for word in _WORD.findall(cell.text))
    return _words(block.text)


def _words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(text))


def _page(page: Page) -> Item:
    """Return a page; the size of one that the provider does not tell is 0."""
    return {"size": {"width": page.width or 0.0, "height": page.height or 0.0}, "page_no": page.number}


def _origin(result: Result) -> Item:
    document = result.document
    return {
        "mimetype": document.media_type if document.media_type in _TYPES else _OTHER,
        # It is a number of 64 bits there.
        "binary_hash": int(document.sha256[:16] or "0", 16),
        "filename": document.path.rpartition("/")[2],
    }


def _stem(path: str) -> str:
    name = path.rpartition("/")[2]
    return name.rpartition(".")[0] or name
