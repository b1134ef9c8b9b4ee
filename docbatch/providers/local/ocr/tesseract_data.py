"""Where Tesseract's language data lies, and which package brings it."""

import os
import sys
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


def sizes(found: str, languages: Iterable[str]) -> str:
    """Return the data of these languages as one text that changes when other data is installed."""
    return " ".join(
        f"{language}:{(Path(found) / f'{language}.traineddata').stat().st_size}" for language in languages
    )


def packages(languages: Iterable[str]) -> str:
    """Return the names of the packages to install, as Debian and its relatives call them."""
    return " ".join(f"tesseract-ocr-{language.lower().replace('_', '-')}" for language in languages)


def _folders(env: Mapping[str, str]) -> Iterable[Path]:
    prefix = env.get("TESSDATA_PREFIX")
    if prefix:
        yield Path(prefix)
        yield Path(prefix) / "tessdata"
    # Where packages with this data are installed beside this one.
    yield Path(sys.prefix) / "share" / "tessdata"
    for pattern in _FOLDERS:
        yield from sorted(Path("/").glob(pattern.lstrip("/")), reverse=True)
