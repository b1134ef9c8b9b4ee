"""Plain text: decoded, and otherwise left as it is."""

from docbatch.core.models import Failure
from docbatch.providers.local.engines import Options, Parsed
from docbatch.providers.local.text import charsets


class PlainEngine:
    label = "plain"

    def warm_up(self) -> None:
        """Plain text takes no memory of its own."""

    def extract(self, data: bytes, _media_type: str, options: Options, /) -> Parsed | Failure:
        decoded = charsets.decode(data, options.encoding)
        text = decoded.text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
        return Parsed(markdown=None, text=text, warnings=decoded.warnings, lost=decoded.lost)

    def close(self) -> None:
        """Nothing is held."""
