"""An answer as the bytes of an output. Equal answers give equal bytes."""

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from docbatch.jsontext import finite_value
from docbatch.naming.signed import without_signatures
from docbatch.sinks.base import Delivery
from docbatch.sinks.kind import Form
from docbatch.sinks.picture_modes import AS_GIVEN, PICTURED, is_folder

if TYPE_CHECKING:
    from docbatch.core.results import Answer, DocumentInfo, Page, Result
    from docbatch.sinks.formats.pictures import Illustrated

_LINE_ENDS = tuple((sign.encode(), f"\\u{ord(sign):04x}".encode()) for sign in "\x85\u2028\u2029")
"""Next line, line and paragraph separator: JSON lets them stand as they are, inside of strings alone."""
_HEADER_ALONE = 64


def content(delivery: Delivery, form: Form) -> bytes:
    """Return the content of a document's output. Raises ValueError when there is none in this format, StateError."""
    made = delivery.made()
    return encoded(delivery.load(), delivery.document, form) if made is None else made


def made_output(delivery: Delivery, form: Form, folder: str | None) -> "Illustrated":
    """Return a document's output with its pictures. Raises as `content` does."""
    from docbatch.sinks.formats.pictures import Illustrated, unpack  # noqa: PLC0415 - planning knows of no result

    made = delivery.made()
    if made is None:
        return illustrated(delivery.load(), delivery.document, form, folder)
    return unpack(made) if is_folder(folder) else Illustrated(made)


def packed_output(answer: "Answer", document: "DocumentInfo", form: Form, folder: str | None) -> bytes:
    """Return what `made_output` takes for an output that was made elsewhere. Raises ValueError."""
    from docbatch.sinks.formats.pictures import pack  # noqa: PLC0415 - as above

    made = illustrated(answer, document, form, folder)
    return pack(made) if is_folder(folder) else made.content


def encoded(answer: "Answer", document: "DocumentInfo", form: Form) -> bytes:
    """Return the content of one output, which has no pictures beside it. Raises ValueError when the answer cannot be written in this format."""
    return illustrated(answer, document, form, AS_GIVEN).content


def illustrated(answer: "Answer", document: "DocumentInfo", form: Form, folder: str | None) -> "Illustrated":
    """Return one output, and what is to lie in the `folder` beside it, see `picture_modes.folder_for`. Raises ValueError as `encoded` does."""
    from docbatch.core.results import offered_pictures  # noqa: PLC0415 - as above
    from docbatch.sinks.formats.pictures import Illustrated, illustrations  # noqa: PLC0415 - as above

    is_as_given = folder == AS_GIVEN and form in {"markdown", "json"}
    pictures = offered_pictures(answer) if form in PICTURED and not is_as_given else ()
    if not pictures:
        return Illustrated(_plain(answer, document, form))
    from docbatch.sinks.formats.illustrated_answers import with_pictures  # noqa: PLC0415 - few answers have any

    drawn = illustrations(pictures, folder)
    content = with_pictures(answer, document, form, drawn)
    return Illustrated(content, tuple(drawn.files.values()), drawn.remark)


def _plain(answer: "Answer", document: "DocumentInfo", form: Form) -> bytes:
    """Return an output that shows no picture."""
    if form == "markdown":
        return lines(answer.markdown())
    if form == "text":
        return lines(answer.text())
    result = answer.result(document)
    if form == "csv":
        from docbatch.sinks.formats.tables_csv import tables_csv  # noqa: PLC0415 - of this format alone

        return tables_csv(result)
    if form == "html":
        from docbatch.sinks.formats.web_page import web_page  # noqa: PLC0415 - of this format alone

        return web_page(result)
    if form == "docling-json":
        from docbatch.sinks.formats.docling_document import docling_document  # noqa: PLC0415 - of this format alone

        return readable(docling_document(result)) + b"\n"
    return line(result) if form == "line" else whole_document(result)


def remark(content: bytes, form: Form) -> str | None:
    """Return what a person should know of an output that is written as it has to be, and holds less than was hoped for."""
    if form == "csv" and content.startswith(b"page,") and len(content) < _HEADER_ALONE:
        from docbatch.sinks.formats.tables_csv import is_empty  # noqa: PLC0415 - as above

        return "no table was found; the file has the header alone" if is_empty(content) else None
    return None


def line(result: "Result") -> bytes:
    """Return a result as one JSON object on one line, in the order of the model's fields."""
    return one_line(_at_once(result) or b"{" + b",".join(_members(result)) + b"}")


def one_line(content: bytes) -> bytes:
    """Return a JSON value as a line: what some readers take for the end of one is escaped."""
    content += b"\n"
    for sign, escaped in _LINE_ENDS:
        content = content.replace(sign, escaped)
    return content


def clean(text: str) -> str:
    """Return the text with what UTF-8 cannot carry replaced."""
    return text.encode(errors="replace").decode()


def json_value(value: object) -> bytes:
    """Return a value as JSON in UTF-8; what UTF-8 cannot carry is escaped. Raises ValueError."""
    from pydantic_core import to_json, to_jsonable_python  # noqa: PLC0415 - the planner imports sinks without it

    try:
        return to_json(value, inf_nan_mode="null")
    except ValueError:
        pass
    try:
        plain = value if isinstance(value, dict | list | tuple) else to_jsonable_python(value)
        text = json.dumps(
            finite_value(plain), default=to_jsonable_python, allow_nan=False, separators=(",", ":")
        )
    except RecursionError:
        raise ValueError("the answer is nested too deeply") from None
    return text.encode()


def _at_once(result: "Result") -> bytes | None:
    """Return a result as its members one by one give it, for a fifth of the time; None where that cannot be."""
    from pydantic_core import to_json  # noqa: PLC0415 - as above

    try:
        most = to_json(result, exclude={"raw"}, inf_nan_mode="null")
    except ValueError:
        return None
    return most[:-1] + b',"raw":' + without_signatures(json_value(result.raw)) + b"}"


def whole_document(result: "Result") -> bytes:
    """One member a line and one page a line: readable, and small beside fully indented boxes."""
    return b"{\n" + b",\n".join(_members(result, _pages)) + b"\n}\n"


def _members(
    result: "Result", encode_pages: "Callable[[tuple[Page, ...]], bytes]" = json_value
) -> Iterator[bytes]:
    for name in type(result).model_fields:
        if name == "raw":
            content = without_signatures(json_value(result.raw))
        elif name == "pages":
            content = encode_pages(result.pages)
        else:
            content = json_value(getattr(result, name))
        yield f'"{name}":'.encode() + content


def _pages(pages: "tuple[Page, ...]") -> bytes:
    return b"[\n" + b",\n".join(json_value(page) for page in pages) + b"\n]" if pages else b"[]"


def readable(value: Any) -> bytes:
    """Return a value as JSON that strict readers take: halves of characters are replaced."""
    content = json_value(value)
    return json_value(_clean_all(value)) if b"\\ud" in content else content


def _clean_all(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(name): _clean_all(each) for name, each in value.items()}
    return [_clean_all(each) for each in value] if isinstance(value, list) else value


def lines(text: str) -> bytes:
    """Return a text that ends with the end of a line, in UTF-8."""
    content = text.encode(errors="replace")
    return content if not content or content.endswith(b"\n") else content + b"\n"
