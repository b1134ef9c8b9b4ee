"""Tables in plain text, in whatever characters."""

from collections.abc import Mapping

from docbatch.core.models import Failure, FailureClass
from docbatch.media import charsets
from docbatch.providers.local.engines import Options, Parsed
from docbatch.providers.local.text import delimited

_USUAL: Mapping[str, str] = {"text/csv": ",", "text/tab-separated-values": "\t"}


class DelimitedEngine:
    label = "delimited"

    def warm_up(self) -> None:
        """Nothing is taken before a document is read."""

    def extract(self, data: bytes, media_type: str, options: Options, /) -> Parsed | Failure:
        if media_type not in _USUAL:
            return Failure(FailureClass.UNSUPPORTED, f"tables of type {media_type} are not read")
        decoded = charsets.decode(data, options.encoding)
        found = delimited.table(decoded.text, delimited.separator_of(decoded.text, _USUAL[media_type]))
        return Parsed(None, None, blocks=found, tables=found, warnings=decoded.warnings, lost=decoded.lost)

    def close(self) -> None:
        """Nothing is held."""
