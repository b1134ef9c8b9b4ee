"""XML that is too long for a tree, read event by event; document types are refused, so there are no entities."""

import xml.parsers.expat
from collections.abc import Callable, Iterable, Mapping
from typing import NoReturn, Protocol

from docbatch.providers.local.flow.unreadable import UnreadablePartError


class XmlListener(Protocol):
    """Hears of elements by their names without prefixes."""

    def start(self, name: str, attributes: Mapping[str, str], /) -> None: ...
    def end(self, name: str, /) -> None: ...
    def text(self, content: str, /) -> None: ...


def read(chunks: Iterable[bytes], listener: XmlListener) -> None:
    """Tell the listener what is in the chunks. Raises UnreadablePartError, after what could be read was told."""
    parser = xml.parsers.expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = _by_local_name(listener.start)
    parser.EndElementHandler = lambda name: listener.end(name.rpartition(":")[2])
    parser.CharacterDataHandler = listener.text
    try:
        for chunk in chunks:
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except (xml.parsers.expat.ExpatError, ValueError, LookupError) as error:
        raise UnreadablePartError(f"it is not XML: {error}") from error


def _by_local_name(start: Callable[[str, Mapping[str, str]], None]) -> Callable[[str, dict[str, str]], None]:
    def heard(name: str, attributes: dict[str, str]) -> None:
        start(name.rpartition(":")[2], attributes)

    return heard


def _refuse(*_: object) -> NoReturn:
    raise UnreadablePartError("it declares a document type")
