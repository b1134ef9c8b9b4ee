"""What the layout of a PDF's pages says beyond what liteparse made of it: tables, headings, lists."""

from docbatch.providers.local.pdf.layout.column_tables import complete_tables
from docbatch.providers.local.pdf.layout.headings import complete_headings
from docbatch.providers.local.pdf.layout.lists import complete_lists
from docbatch.providers.local.pdf.layout.page_layout import PageLayout
from docbatch.providers.local.pdf.layout.table_heads import complete_heads
from docbatch.providers.local.pdf.pdf_document import PdfDocument


def complete_layout(document: PdfDocument) -> None:
    layouts = [
        PageLayout(parsed, page) for parsed, page in zip(document.parsed.pages, document.pages, strict=True)
    ]
    for layout in layouts:
        complete_heads(layout)
        complete_tables(layout)
    complete_headings(layouts)
    for layout in layouts:
        complete_lists(layout)
    document.lines = {layout.parsed.page_num: layout.lines for layout in layouts if layout.has_lines}
