"""Readers side by side on one corpus, one scorer for all."""

import json
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterable, Mapping
from fnmatch import fnmatch
from pathlib import Path

from fidelity.made.every import samples
from fidelity.ours import read_all
from fidelity.report import OURS, Scored
from fidelity.score import score
from fidelity.truth import Reading, Truth, read_truths, write_truths

# What the tools are called where packages come from.
PACKAGES = {
    "markitdown": ["markitdown[all]"],
    "kreuzberg": ["kreuzberg"],
    "docling-rs": ["docling-rs"],
    "extractous": ["extractous"],
    "witnesses": ["python-docx", "python-pptx", "openpyxl", "xlrd"],
}
RIVALS = ("markitdown", "kreuzberg", "docling-rs")

MADE, REAL = "made", "real"


def make(folder: Path) -> dict[str, Truth]:
    """Write the made documents below `folder`, and their truths."""
    truths = {}
    for sample in samples():
        path = folder / sample.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(sample.data)
        truths[sample.name] = sample.truth
    write_truths(folder, truths)
    return truths


def chosen(folder: Path, pattern: str) -> dict[str, Truth]:
    truths = read_truths(folder)
    return {name: truth for name, truth in truths.items() if fnmatch(name, pattern)}


def python_of(tool: str, venvs: Path) -> Path:
    """Return the Python of a tool's own environment, made on first use."""
    folder = venvs / tool
    python = folder / "bin" / "python"
    if not python.exists():
        print(f"installing {tool} in {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES[tool]], check=True)
    return python


def read_by(tool: str, folder: Path, names: Iterable[str], venvs: Path) -> dict[str, Reading]:
    """Let another tool read; documents on which its process ends are failures, and it goes on with the next."""
    python = python_of(tool, venvs)
    waiting = {str(folder / name): name for name in names}
    found: dict[str, Reading] = {}
    while waiting:
        lines = _run(python, tool, list(waiting))
        for line in lines:
            value = json.loads(line)
            name = waiting.pop(value["path"])
            found[name] = Reading(
                value["markdown"], value["text"], seconds=value["seconds"], error=value["error"]
            )
        if waiting and len(lines) < len(waiting) + len(lines):
            name = waiting.pop(next(iter(waiting)))
            found[name] = Reading("", None, error="the process ended")
    return found


def _run(python: Path, tool: str, paths: list[str]) -> list[str]:
    script = Path(__file__).with_name("others.py")
    with tempfile.TemporaryDirectory() as place:
        listed, out = Path(place) / "list", Path(place) / "out"
        listed.write_text("\n".join(paths))
        subprocess.run(
            [python, script, tool, listed, out],
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return out.read_text().splitlines() if out.exists() else []


def readings(
    tool: str, folder: Path, truths: Mapping[str, Truth], venvs: Path, config: Mapping[str, object]
) -> dict[str, Reading]:
    if tool == OURS:
        return read_all({name: folder / name for name in truths}, config=config)
    return read_by(tool, folder, truths, venvs)


def scored(tool: str, corpus: str, truths: Mapping[str, Truth], found: Mapping[str, Reading]) -> list[Scored]:
    rows = []
    for name, truth in truths.items():
        figures, missing = score(truth, found[name])
        rows.append(
            Scored(tool, corpus, name, truth.group or name.split("/")[0], figures, missing, found[name].error)
        )
    return rows
