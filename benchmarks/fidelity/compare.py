"""Readers side by side on one corpus, one scorer for all."""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterable, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

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
    "scanner": ["pypdfium2", "pillow"],
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
        venv.create(folder)
        install = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q"]
        subprocess.run([*install, *PACKAGES[tool]], check=True)
    return python


def read_by(tool: str, folder: Path, names: Iterable[str], venvs: Path) -> dict[str, Reading]:
    """Return what another tool reads. It is asked once for the same bytes: what it said is kept beside its environment."""
    kept = venvs / f"{tool}.read.json"
    known: dict[str, Any] = json.loads(kept.read_text()) if kept.exists() else {}
    digests = {name: f"{name} {hashlib.sha256((folder / name).read_bytes()).hexdigest()}" for name in names}
    fresh = _read_by(
        python_of(tool, venvs), tool, folder, [name for name in digests if digests[name] not in known]
    )
    known |= {digests[name]: [each.markdown, each.text, each.error] for name, each in fresh.items()}
    if fresh:
        kept.write_text(json.dumps(known))
    return {name: _kept(*known[digest]) for name, digest in digests.items()}


def _kept(markdown: str, text: str | None, error: str) -> Reading:
    return Reading(markdown, text, error=error)


def _read_by(python: Path, tool: str, folder: Path, names: Iterable[str]) -> dict[str, Reading]:
    """Let another tool read; documents on which its process ends are failures, and it goes on with the next."""
    waiting = {str(folder / name): name for name in names}
    found: dict[str, Reading] = {}
    while waiting:
        lines = run(python, tool, list(waiting))
        for line in lines:
            value = json.loads(line)
            name = waiting.pop(value["path"])
            found[name] = Reading(value["markdown"], value["text"], error=value["error"])
        if waiting:
            name = waiting.pop(next(iter(waiting)))
            found[name] = Reading("", None, error="the process ended")
    return found


def run(python: Path, tool: str, paths: list[str]) -> list[str]:
    """Return what others.py says of each path, a line of JSON each; fewer where the process ended before."""
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


def seconds(line: str) -> float:
    """Return the processor time in a line of others.py."""
    value: float = json.loads(line)["seconds"]
    return value


def cpu_seconds() -> float:
    """Return the processor time of this process and of its children that have ended."""
    return sum(os.times()[:4])


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
