"""What a machine reads documents with, so that machines can be compared."""

import sys
from collections.abc import Mapping
from dataclasses import replace

import docbatch
from docbatch.providers.local import engines
from docbatch.providers.local.engines import Options
from docbatch.providers.local.ocr import tesseract_data, ways


def at_home(options: Options) -> Options:
    """Return options with what lies elsewhere on this machine."""
    return replace(options, tessdata=tesseract_data.folder(options.languages))


def parts(options: Options) -> dict[str, str]:
    """Return by name and version what decides how documents are read here under these options, wherever they come from."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    own = {"Python": python, "docbatch": docbatch.__version__}
    return {**own, **engines.versions(), **ways.parts(at_home(options))}


def difference(here: Mapping[str, str], there: Mapping[str, str]) -> str:
    """Return in what another machine differs, empty where it does not."""
    names = [
        name
        for name in (*here, *(each for each in there if each not in here))
        if here.get(name) != there.get(name)
    ]
    return ", ".join(
        f"{name} {there.get(name, 'missing')} instead of {here.get(name, 'none')}" for name in names
    )
