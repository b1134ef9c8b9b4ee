"""Plain text: decoded, and otherwise left as it is."""

import codecs

from docbatch.core.models import Failure
from docbatch.providers.local.engines import Options, Parsed

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class PlainEngine:
    label = "plain"

    def warm_up(self) -> None:
        """Plain text takes no memory of its own."""

    def extract(self, data: bytes, _media_type: str, _options: Options, /) -> Parsed | Failure:
        text, warnings = _decode(data)
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        return Parsed(markdown=None, text=text, warnings=warnings)

    def close(self) -> None:
        """Nothing is held."""


def _decode(data: bytes) -> tuple[str, tuple[str, ...]]:
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding), ()
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            return data.decode(encoding, "replace"), (f"bytes that are not {encoding} were replaced",)
        return data.decode("cp1252", "replace"), (f"not UTF-8 at byte {error.start}: read as Windows-1252",)
