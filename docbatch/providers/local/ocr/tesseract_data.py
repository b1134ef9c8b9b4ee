"""Where Tesseract's language data lies, and which package brings it."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

_FOLDERS = (
    "/usr/share/tesseract-ocr/*/tessdata",
    "/usr/share/tessdata",
    "/usr/local/share/tessdata",
    "/opt/homebrew/share/tessdata",
    "/opt/local/share/tessdata",
)


def folder(languages: Iterable[str], env: Mapping[str, str] = os.environ) -> str | None:
    """Return the folder that holds the data of all these languages, None when there is none."""
    wanted = [f"{language}.traineddata" for language in languages]
    folders = (folder for folder in _folders(env) if all((folder / name).is_file() for name in wanted))
    return next((str(folder) for folder in folders), None)


def packages(languages: Iterable[str]) -> str:
    """Return the names of the packages to install, as Debian and its relatives call them."""
    return " ".join(f"tesseract-ocr-{language.lower().replace('_', '-')}" for language in languages)


def _folders(env: Mapping[str, str]) -> Iterable[Path]:
    prefix = env.get("TESSDATA_PREFIX")
    if prefix:
        yield Path(prefix)
        yield Path(prefix) / "tessdata"
    for pattern in _FOLDERS:
        yield from sorted(Path("/").glob(pattern.lstrip("/")), reverse=True)
