"""What a spec says of pictures, and where those of an output go then: light to import, as specs are judged by it."""

from typing import Literal

PictureMode = Literal["beside", "embedded", "none"]

PICTURED = frozenset({"markdown", "html", "json", "docling-json"})
"""The formats that refer to pictures."""
EMBEDDED = ""
"""What stands for a folder where pictures are in the output itself."""
AS_GIVEN = "."
"""What stands for one where Markdown is as the answer has it, and only pages and Docling documents have pictures in them."""


def folder_for(output: bytes, mode: PictureMode) -> str | None:
    """Return the folder of an output's pictures as text: EMBEDDED where there is none, None where no picture is wanted."""
    if mode == "beside":
        from docbatch.naming.pathtext import escape  # noqa: PLC0415 - where something is written
        from docbatch.naming.picture_folders import folder_name  # noqa: PLC0415 - the same

        return escape(folder_name(output))
    return EMBEDDED if mode == "embedded" else None


def is_folder(folder: str | None) -> bool:
    """Say whether pictures are files."""
    return folder not in {None, EMBEDDED, AS_GIVEN}
