"""Rich text as an engine."""

from docbatch.core.models import Failure, FailureClass
from docbatch.providers.local.engines import Options, Parsed
from docbatch.providers.local.flow.story import Story
from docbatch.providers.local.office.rich_text.reader import RichTextReader

_BEGINNING = b"{\\rtf"


class RichTextEngine:
    label = "rich_text"

    def warm_up(self) -> None:
        """What it takes grows with each document, and is given back."""

    def extract(self, data: bytes, _media_type: str, options: Options, /) -> Parsed | Failure:
        if not data.lstrip().startswith(_BEGINNING):
            return Failure(FailureClass.CORRUPT, "it does not begin as rich text does")
        reader = RichTextReader()
        reader.read(data)
        body = reader.scenes[0].end()
        only_pictures = reader.pictures > 0 and not body
        if only_pictures and options.reads_pictures:
            return Failure(
                FailureClass.EMPTY, "the document has pictures and no words; they are read elsewhere"
            )
        story = Story()
        for part in (reader.headers, body, reader.footers):
            story.extend(part)
        is_whole = data.rstrip(b"\0\r\n\t ").endswith(b"}")
        lost = [] if is_whole else ["the end of the document: it breaks off"]
        return story.parsed(reader.metadata, list(reader.warnings), lost, unread=[1] if only_pictures else [])

    def close(self) -> None:
        """Nothing is held."""
