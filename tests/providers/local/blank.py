"""Documents, or pages of them, that show nothing."""

from collections.abc import Collection, Mapping

from tests.providers.local import specimens

_FIRST = 4


def blank_pdf(pages: int, blank: Collection[int]) -> bytes:
    """Return a PDF of so many pages, from 1, with a line on each but the blank ones."""
    numbers = range(1, pages + 1)
    kids = b" ".join(b"%d 0 R" % (_FIRST + 2 * each) for each in range(pages))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count %d/Kids[%s]>>" % (pages, kids),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    for number in numbers:
        line = b"" if number in blank else b"BT /F1 12 Tf 72 700 Td (Words of page %d) Tj ET" % number
        shows = _FIRST + 2 * number - 1
        objects += [
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents %d 0 R/Resources<</Font<</F1 3 0 R>>>>>>"
            % shows,
            specimens.stream(line),
        ]
    return specimens.pdf_of(objects)


def bare_docx(words: str, more: Mapping[str, bytes] = {}) -> bytes:
    """Return a Word file of one paragraph and nothing else."""
    office = "http://schemas.openxmlformats.org"
    main = f"{office}/wordprocessingml/2006/main"
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    return specimens.zipped(
        {
            "[Content_Types].xml": f'<Types xmlns="{office}/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/word/document.xml" ContentType="{kind}"/></Types>',
            "_rels/.rels": f'<Relationships xmlns="{office}/package/2006/relationships"><Relationship Id="r1"'
            f' Type="{office}/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>',
            "word/document.xml": f'<w:document xmlns:w="{main}"><w:body><w:p><w:r><w:t>{words}</w:t></w:r></w:p></w:body>'
            "</w:document>",
            **more,
        }
    )
