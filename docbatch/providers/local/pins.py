"""What decides how documents are read on this machine, by name and version: a part of each item's identity."""

from collections.abc import Mapping
from typing import Any

from docbatch.providers.local import engines
from docbatch.providers.local.engines import Options
from docbatch.providers.local.ocr import tesseract_data, ways
from docbatch.providers.local.options import LocalConfig


def pins(config: Mapping[str, Any]) -> dict[str, str]:
    """Return what is installed of the parts that read under a job's `config`; imports none of them."""
    chosen = LocalConfig.model_validate(dict(config))
    languages = tuple(chosen.languages)
    options = Options(chosen.ocr, languages, tesseract_data.folder(languages))
    return {**engines.versions(), **ways.parts(options)}
