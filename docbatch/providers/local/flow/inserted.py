"""Documents that another document shows as part of itself, such as the chunks of a Word document."""

from docbatch.providers.local import blocks
from docbatch.providers.local.attachments import AttachedFiles
from docbatch.providers.local.engines import Options
from docbatch.providers.local.flow.story import Story


def shown(name: str, data: bytes, options: Options) -> tuple[Story, list[str], list[str]]:
    """Return what a document inside says, what of it was not read, and warnings. It counts as an attachment does."""
    files = AttachedFiles(options)
    files.add(name, data)
    found = files.attachments[-1]
    said = found.get("blocks") or [blocks.paragraph(found.get("text", ""))]
    return Story(list(said), list(said)), files.lost, files.warnings
