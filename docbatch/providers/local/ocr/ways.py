"""The ways to read a picture, and which of them this machine has. Nothing heavy is imported to say so."""

import importlib.metadata
import platform
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from typing import Literal

from docbatch.core.result_warnings import WarningKind
from docbatch.core.result_warnings import pages as named_pages
from docbatch.providers.local.engines import Options, has_pillow, shows_pages
from docbatch.providers.local.ocr import tesseract_data

Way = Literal["faster-paddle", "tesseract"]

EXTRA = "pip install 'docbatch[ocr]'"

AFTER_A_FAILURE = "docbatch retry"
AFTER_A_LOSS = f"docbatch retry --class {WarningKind.LOST}"
AFTER_A_REMARK = "docbatch apply --upgrade JOB"
"""What has a document read again: one that failed, one that is partial, and one that is whole."""

# What the bundled models read, by Tesseract's codes: Chinese, Japanese, and languages in Latin letters.
_BUNDLED_TEXT = """
afr aze bos bre cat ces chi_sim chi_sim_vert chi_tra chi_tra_vert cos cym dan deu eng enm epo est eus
fao fil fin fra frm fry gla gle glg hat hrv hun ind isl ita ita_old jav jpn jpn_vert lat lav lit ltz mlt
mri msa nld nor oci pol por que ron slk slv spa spa_old sqi srp_latn sun swa swe ton tur uzb yor
"""
_BUNDLED = frozenset(_BUNDLED_TEXT.split())
# As the marker of the extra in pyproject.toml.
_BUILT_FOR = frozenset(
    {
        ("Linux", "x86_64"),
        ("Linux", "aarch64"),
        ("Darwin", "arm64"),
        ("Windows", "AMD64"),
        ("Windows", "ARM64"),
    }
)


@cache
def has_paddle() -> bool:
    return find_spec("faster_paddle") is not None and has_pillow()


def reads(languages: tuple[str, ...]) -> bool:
    """Whether the models of faster-paddle know the letters of all these languages."""
    return all(language in _BUNDLED for language in languages)


def of(options: Options) -> Way | None:
    """Return how pictures are read under these options, None where they are not."""
    if options.ocr == "off":
        return None
    if has_paddle() and reads(options.languages):
        return "faster-paddle"
    return "tesseract" if options.tessdata is not None else None


def reads_inside(media_type: str, options: Options) -> bool:
    """Whether the pictures in a document that is not itself pages or a picture can be read."""
    return not shows_pages(media_type) and has_pillow() and of(options) is not None


def advice(options: Options, again: str = AFTER_A_FAILURE) -> str:
    """Return what a person can do to have pictures read; `again` is the command to run then."""
    if options.ocr == "off":
        return "set ocr: auto to have it read"
    if of(options) is not None:
        return "its pictures could not be read"
    packages = tesseract_data.packages(options.languages)
    if reads(options.languages) and not has_paddle() and _is_built_for_this_machine():
        return f"{EXTRA}, or install {packages}, and run '{again}'"
    return f"install {packages} and run '{again}'"


def unread(pages: Sequence[int], options: Options, again: str) -> str:
    """Return what is said of pages that are pictures nobody read, and what a person can do."""
    return f"pictures without text on {named_pages(pages)}; {advice(options, again)}"


def parts(options: Options) -> Mapping[str, str]:
    """Return what decides how pictures are read, by name and version; empty where they are not read."""
    way = of(options)
    if way == "faster-paddle":
        return {way: _version(way)}
    if way == "tesseract" and options.tessdata is not None:
        return {"tesseract-data": tesseract_data.sizes(options.tessdata, options.languages)}
    return {}


@cache
def _version(package: str) -> str:
    """Return which one is installed, which every job asks for: what is read for it is a file of the package."""
    return importlib.metadata.version(package)


def said() -> str:
    """Return a sentence on what this machine has."""
    english = tesseract_data.folder(("eng",))
    found = [
        *([f"faster-paddle {_version('faster-paddle')}"] if has_paddle() else []),
        *([f"Tesseract data in {english}"] if english else []),
    ]
    if not found:
        return f"nothing reads pictures here; {EXTRA}, or install {tesseract_data.packages(('eng',))}"
    if not english:
        found.append("languages in other than Latin, Chinese and Japanese letters need Tesseract's data")
    return "; ".join(found)


def _is_built_for_this_machine() -> bool:
    known = (platform.system(), platform.machine()) in _BUILT_FOR
    return known and sys.maxsize > 1 << 32
