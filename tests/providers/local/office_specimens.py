"""Word and OpenDocument files around a few lines of their XML, and books around a few chapters."""

import contextlib
import io
import zipfile
from collections.abc import Mapping

from docbatch.core.models import Failure, FailureClass
from docbatch.core.results import Attachment, Block, Page
from docbatch.providers.local import blocks, engines
from docbatch.providers.local.engines import Json, Options, Parsed
from tests.providers.local import specimens

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
ODF = "application/vnd.oasis.opendocument"
EPUB = "application/epub+zip"
RTF = "application/rtf"
NO_OCR = Options(ocr="off")

_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_REL = "http://schemas.openxmlformats.org/package/2006/relationships"
_W = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    f'xmlns:r="{_OFFICE}" xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" xmlns:v="urn:schemas-microsoft-com:vml" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
    'xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram" '
    'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture" '
    'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
)
_NAMES = ("office", "text", "table", "style", "draw", "presentation")
_ODF_NAMES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{"drawing" if name == "draw" else name}:1.0"'
    for name in _NAMES
)
_ODF_OTHERS = (
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0" '
    'xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"'
)


def paragraph(text: str, properties: str = "") -> str:
    about = f"<w:pPr>{properties}</w:pPr>" if properties else ""
    return f"<w:p>{about}{run(text)}</w:p>"


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def docx(body: str, parts: Mapping[str, str | bytes] | None = None) -> bytes:
    """Return a document; `parts` are `kind:name` and content, and the relation to the part has its kind as identifier.

    XML of a part stands without its root, which is made for it.
    """
    files: dict[str, str | bytes] = {"word/document.xml": root("document", f"<w:body>{body}</w:body>")}
    links = ""
    for name, content in (parts or {}).items():
        kind, _, file = name.partition(":")
        links += f'<Relationship Id="{kind}" Type="{_OFFICE}/{kind.rstrip("0123456789")}" Target="{file}"/>'
        if content:
            files[f"word/{file}"] = content
    main = f'<Relationship Id="r" Type="{_OFFICE}/officeDocument" Target="word/document.xml"/>'
    files["_rels/.rels"] = f'<Relationships xmlns="{_REL}">{main}</Relationships>'
    files["word/_rels/document.xml.rels"] = f'<Relationships xmlns="{_REL}">{links}</Relationships>'
    return specimens.zipped(files)


def root(name: str, inner: str) -> str:
    """Return the XML of a part of Word."""
    return f"<w:{name} {_W}>{inner}</w:{name}>"


def opendocument(
    body: str, kind: str = "text", automatic: str = "", masters: str = "", before: str = "", **files: str
) -> bytes:
    """Return a document; `before` stands before its root, `files` are others, _ for / in their names."""
    content = (
        f"{before}<office:document-content {_ODF_NAMES} {_ODF_OTHERS}><office:automatic-styles>{automatic}"
        f"</office:automatic-styles><office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )
    styles = (
        f"<office:document-styles {_ODF_NAMES} {_ODF_OTHERS}><office:master-styles>{masters}</office:master-styles>"
        "</office:document-styles>"
    )
    others = {f"{name.replace('_', '/')}.xml": inner for name, inner in files.items()}
    members: dict[str, str | bytes] = {
        "mimetype": f"{ODF}.{kind}",
        "content.xml": content,
        "styles.xml": styles,
    }
    return specimens.zipped(members | others, stored=("mimetype",))


def unzipped(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def read(data: bytes, media_type: str, options: Options = NO_OCR) -> Parsed:
    """Return what the first engine for a type reads, in shapes that hold."""
    outcome = attempt(data, media_type, options)
    assert isinstance(outcome, Parsed), outcome
    for page in outcome.pages:
        Page.model_validate(page)
    for block in (*outcome.blocks, *outcome.tables):
        Block.model_validate(block)
    for attachment in outcome.attachments:
        Attachment.model_validate(attachment)
    return outcome


def attempt(data: bytes, media_type: str, options: Options = NO_OCR) -> Parsed | Failure:
    names = engines.route(media_type, options)
    with contextlib.closing(engines.load(names[0])) as engine:
        return engine.extract(data, media_type, options)


def failed(data: bytes, media_type: str) -> FailureClass:
    outcome = attempt(data, media_type)
    assert isinstance(outcome, Failure), outcome
    return outcome.kind


def lines(document: Parsed) -> list[str]:
    """Return a document's text, line by line, without empty ones."""
    if document.text is not None:
        text = document.text
    else:
        text = "\n".join(page["text"] for page in document.pages) or blocks.text(document.blocks)
    return [line for line in text.split("\n") if line]


def markdown(document: Parsed) -> str:
    if document.markdown is not None:
        return document.markdown
    if document.pages:
        return "\n\n".join(page["markdown"] for page in document.pages)
    return blocks.markdown(document.blocks)


def roles(document: Parsed) -> list[tuple[str, str]]:
    """Return the blocks that are no running text, each with what it is."""
    return [(block["role"], block["text"]) for block in _blocks(document) if "role" in block]


def rows(document: Parsed) -> list[list[list[str]]]:
    """Return the tables: rows of cells."""
    return [
        [line.split("\t") for line in block["text"].split("\n")]
        for block in _blocks(document)
        if block["kind"] == "table"
    ]


def cells(document: Parsed) -> list[Json]:
    return [cell for block in _blocks(document) for cell in block.get("cells", ())]


def _blocks(document: Parsed) -> list[Json]:
    return [*document.blocks, *(block for page in document.pages for block in page["blocks"])]
