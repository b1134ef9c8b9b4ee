"""Tables in plain text, UTF-8 or marked as another form of Unicode; what else there is goes to the next engine."""

import codecs
from collections.abc import Mapping

from docbatch.core.models import Failure, FailureClass
from docbatch.providers.local.engines import Options, Parsed
from docbatch.providers.local.text import delimited

_USUAL: Mapping[str, str] = {"text/csv": ",", "text/tab-separated-values": "\t"}
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class DelimitedEngine:
    label = "delimited"

    def warm_up(self) -> None:
        """Nothing is taken before a document is read."""

    def extract(self, data: bytes, media_type: str, options: Options, /) -> Parsed | Failure:
        if media_type not in _USUAL:
            return Failure(FailureClass.UNSUPPORTED, f"tables of type {media_type} are not read")
        marked = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8-sig")
        try:
            text = data.decode(options.encoding or marked)
        except (UnicodeDecodeError, LookupError) as error:
            return Failure(FailureClass.CORRUPT, f"the text cannot be decoded: {error}")
        found = delimited.table(text, delimited.separator_of(text, _USUAL[media_type]))
        return Parsed(None, None, blocks=found, tables=found)

    def close(self) -> None:
        """Nothing is held."""
