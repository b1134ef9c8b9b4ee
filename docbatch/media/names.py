"""Short names of media types, as people write them: the suffixes that files of that type have."""

from collections.abc import Collection, Mapping

from docbatch.media import HTML, MAIL, PDF, PLAIN, ZIP
from docbatch.media.zipped import SUFFIXES

_HEIF = "image/heic"
_BY_NAME: Mapping[str, str] = {
    "pdf": PDF,
    "txt": PLAIN,
    "md": "text/markdown",
    "markdown": "text/markdown",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "json": "application/json",
    "htm": HTML,
    "html": HTML,
    "xhtml": HTML,
    "eml": MAIL,
    "msg": "application/vnd.ms-outlook",
    "rtf": "application/rtf",
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
    "xlsb": "application/vnd.ms-excel.sheet.binary.macroEnabled.12",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "webp": "image/webp",
    "avif": "image/avif",
    "heic": _HEIF,
    "heif": _HEIF,
    "jp2": "image/jp2",
    "bmp": "image/bmp",
    "zip": ZIP,
    "gz": "application/gzip",
    "bz2": "application/x-bzip2",
    "xz": "application/x-xz",
    "7z": "application/x-7z-compressed",
    "rar": "application/vnd.rar",
    "tar": "application/x-tar",
    **{suffix.decode().removeprefix("."): media_type for suffix, media_type in SUFFIXES.items()},
}


def known_names() -> Collection[str]:
    """Return the short names there are."""
    return _BY_NAME.keys()


def media_type_of(name: str) -> str | None:
    """Return the media type that a short name stands for, in either letter case and with or without a dot; None for others."""
    return _BY_NAME.get(name.lower().removeprefix("."))


def promised_type(path: bytes) -> str | None:
    """Return the media type that a document's name promises; None where its suffix says nothing."""
    name = path.rpartition(b"/")[2]
    stem, dot, suffix = name.rpartition(b".")
    return media_type_of(suffix.decode(errors="replace")) if dot and stem else None
