"""XML as trees: `parsed` gives names as `w:p` and `text:h`, whatever prefixes and editions of a format a file uses, `plain` bare ones.

A document type that declares entities is refused: it has no use in office files, and can grow without bound.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from xml.parsers import expat

from docbatch.providers.local.flow.unreadable import UnreadablePartError

_MICROSOFT = re.compile(r"^http://schemas\.microsoft\.com/office/(?:word|drawing)/\d{4}/(?:\d+/)?")
_OPEN_DOCUMENT = re.compile(
    r"^urn:oasis:names:tc:opendocument:xmlns:([a-z-]+):\d|^http://openoffice\.org/\d+/(\w+)$"
)
_OPEN_XML = re.compile(
    r"^http://(?:schemas\.openxmlformats\.org|purl\.oclc\.org/ooxml)/(\w+)/(?:\d{4}/)?([\w-]+)$"
)
_OPEN_XML_NAMES = {
    "wordprocessingml/main": "w",
    "drawingml/main": "a",
    "drawingml/chart": "c",
    "drawingml/diagram": "dgm",
    "drawingml/wordprocessingDrawing": "wp",
    "drawingml/picture": "pic",
    "officeDocument/math": "m",
    "officeDocument/relationships": "r",
    "package/relationships": "rel",
    "package/content-types": "ct",
    "package/metadata": "cp",
}
_OTHERS = {
    "http://schemas.openxmlformats.org/markup-compatibility/2006": "mc",
    "urn:schemas-microsoft-com:vml": "v",
    "urn:schemas-microsoft-com:office:office": "o",
    "http://schemas.openxmlformats.org/package/2006/metadata/core-properties": "cp",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    "http://www.w3.org/1999/xlink": "xlink",
    "http://www.w3.org/1999/xhtml": "html",
    "http://www.w3.org/XML/1998/namespace": "xml",
    "http://www.w3.org/1998/Math/MathML": "math",
    "http://www.idpf.org/2007/opf": "opf",
    "http://openebook.org/namespaces/oeb-package/1.0/": "opf",
    "urn:oasis:names:tc:opendocument:xmlns:container": "ocf",
    "urn:openoffice:names:experimental:ooo-ms-interop:xmlns:field:1.0": "field",
}
_MARKUP_OF_WORD = {"word": "w14", "wordml": "w14", "wordprocessingShape": "wps", "wordprocessingGroup": "wpg"}


class _BegunError(Exception):
    """The first element is there: nothing can be declared any more."""


class _ShortNames(dict[str, str]):
    def __missing__(self, name: str) -> str:
        namespace, _, own = name[1:].rpartition("}") if name.startswith("{") else ("", "", name)
        prefix = _prefix(namespace)
        short = f"{prefix}:{own}" if prefix else own
        if len(self) < _MOST_NAMES:
            self[name] = short
        return short


_MOST_NAMES = 4096
_SHORT = _ShortNames()


def parsed(data: bytes) -> tuple[ET.Element, str]:
    """Return the tree, and what is wrong with the text, if anything: the tree then holds what came before.

    Raises UnreadablePartError where there is no tree at all, or entities are declared.
    """
    _refuse_entities(data)
    builder = ET.TreeBuilder()
    parser = ET.XMLParser(target=builder)  # noqa: S314 - entities are refused above
    complaint = ""
    try:
        parser.feed(data)
        parser.close()
    except (ET.ParseError, ValueError, LookupError) as error:
        complaint = f"it is no well-formed XML: {error}"
    try:
        root = builder.close()
    except AssertionError:
        root = None
    if not isinstance(root, ET.Element):
        raise UnreadablePartError(complaint or "it is empty")
    _shorten(root)
    return root, complaint


class _PlainTree(ET.TreeBuilder):
    """Builds trees whose names have no namespace; identifiers of relations are called `r:id` and so on.

    Honest parts are a few dozen elements deep. What walks a tree may be slow in its depth, so that has a limit.
    """

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def doctype(self, _name: str, _public: str | None, _system: str | None) -> None:
        raise UnreadablePartError("it declares a document type")

    def start(self, tag: str, attributes: Mapping[str, str]) -> ET.Element:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise UnreadablePartError("its elements are nested too deeply")
        return super().start(_local(tag), {_attribute(name): value for name, value in attributes.items()})

    def end(self, tag: str) -> ET.Element:
        self._depth -= 1
        return super().end(_local(tag))


_DEEPEST = 400


def plain(data: bytes) -> ET.Element:
    """Return XML as a tree, names without namespaces. Raises UnreadablePartError for anything that is not whole."""
    parser = ET.XMLParser(target=_PlainTree())  # noqa: S314 - document types are refused, so there are no entities
    try:
        parser.feed(data)
        root: ET.Element = parser.close()
    except (ET.ParseError, ValueError, LookupError) as error:
        raise UnreadablePartError(f"it is not XML: {error}") from error
    return root


def text_within(element: ET.Element) -> str:
    """Return all characters inside an element, in their order."""
    return "".join(element.itertext())


def children(element: ET.Element | None, *path: str) -> Iterator[ET.Element]:
    """Yield the children that a path of names leads to."""
    if element is None:
        return
    if len(path) == 1:
        yield from (child for child in element if child.tag == path[0])
        return
    for child in children(element, path[0]):
        yield from children(child, *path[1:])


def first(element: ET.Element | None, *path: str) -> ET.Element | None:
    if element is not None and len(path) == 1:
        return next((child for child in element if child.tag == path[0]), None)
    return next(children(element, *path), None)


def whole(value: str | None, otherwise: int = 0) -> int:
    """Return a whole number as XML writes it; `otherwise` for anything else, or beyond sense."""
    return int(value) if value and _WHOLE.fullmatch(value) else otherwise


_WHOLE = re.compile(r"\s*-?[0-9]{1,9}\s*")


def is_on(value: str | None, otherwise: bool = False) -> bool:
    return otherwise if value is None else value.strip().lower() in {"1", "true", "on"}


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _attribute(name: str) -> str:
    if name[0] != "{":
        return name
    namespace, _, own = name.rpartition("}")
    return f"r:{own}" if namespace.endswith("elationships") else own


def _refuse_entities(data: bytes) -> None:
    parser = expat.ParserCreate()
    parser.EntityDeclHandler = _refuse
    parser.AttlistDeclHandler = _refuse
    parser.StartElementHandler = _begin
    try:
        parser.Parse(data, True)
    except (_BegunError, expat.ExpatError, ValueError, LookupError):
        return


def _refuse(*_declared: object) -> None:
    raise UnreadablePartError("it declares entities")


def _begin(*_element: object) -> None:
    raise _BegunError


def _shorten(root: ET.Element) -> None:
    for element in root.iter():
        element.tag = _SHORT[element.tag]
        if element.attrib:
            element.attrib = {_SHORT[name]: value for name, value in element.attrib.items()}


def _prefix(namespace: str) -> str:
    if namespace in _OTHERS:
        return _OTHERS[namespace]
    found = _OPEN_XML.match(namespace)
    if found:
        return _OPEN_XML_NAMES.get(f"{found[1]}/{found[2]}", "")
    found = _OPEN_DOCUMENT.match(namespace)
    if found:
        name = (found[1] or found[2]).removesuffix("-compatible")
        return "draw" if name == "drawing" else name
    if _MICROSOFT.match(namespace):
        return _MARKUP_OF_WORD.get(namespace.rpartition("/")[2], "")
    return ""
