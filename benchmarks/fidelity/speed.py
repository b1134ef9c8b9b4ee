"""Processor time of readers on the same files, by turns, and what OCR costs where none is due."""

import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fidelity import compare
from fidelity.ours import read_all
from fidelity.truth import Reading, Truth

# Who reads which files: plain liteparse reads PDF only.
READERS = ("docbatch", "liteparse", "markitdown")

# On these OCR has something to do.
_DUE = ("scan-", "tounicode-")


@dataclass(frozen=True, slots=True)
class Off:
    """What OCR `auto` did to documents that need none, beside `off`."""

    documents: int
    differing: Sequence[str]
    cpu_auto: float
    cpu_off: float

    def lines(self) -> list[str]:
        names = f": {', '.join(self.differing)}" if self.differing else ""
        ratio = self.cpu_auto / self.cpu_off
        told = f"{self.cpu_off:.2f} CPU s off, {self.cpu_auto:.2f} CPU s auto, ratio {ratio:.2f}"
        return [
            f"\nOCR auto on {self.documents} born-digital PDFs: {told}",
            f"{len(self.differing)} differ from off{names}",
        ]


def compared(paths: Sequence[Path], venvs: Path, rounds: int) -> list[str]:
    """Return lines on the processor time of each reader for all paths, start-up left out, the best of the rounds."""
    best: dict[str, float] = {}
    for _ in range(rounds):
        for reader in READERS:
            mine = [path for path in paths if reader != "liteparse" or path.suffix == ".pdf"]
            pdfs = [path for path in mine if path.suffix == ".pdf"]
            for kind, chosen in (("pdf", pdfs), ("rest", [path for path in mine if path.suffix != ".pdf"])):
                if chosen:
                    spent = _spent(reader, chosen, venvs)
                    best[f"{reader} {kind}"] = min(spent, best.get(f"{reader} {kind}", spent))
    count = sum(path.suffix == ".pdf" for path in paths)
    lines = [f"\n{count} PDFs, {len(paths) - count} others, best of {rounds}, CPU seconds without start-up"]
    lines += [f"  {name:20}{spent:8.2f}" for name, spent in best.items()]
    plain, ours = best.get("liteparse pdf"), best.get("docbatch pdf")
    if plain and ours:
        lines.append(f"  PDF as a whole: {plain / ours:.2f} times plain liteparse (to be at least .40)")
    return lines


def _spent(reader: str, paths: Iterable[Path], venvs: Path) -> float:
    python = Path(sys.executable) if reader in {"docbatch", "liteparse"} else compare.python_of(reader, venvs)
    return sum(
        compare.seconds(line)
        for line in compare.run(python, reader, [str(path.absolute()) for path in paths])
    )


def whole(folder: Path, rounds: int) -> str:
    """Return what benchmarks/local.py says: apply beside the bare engine in a process pool."""
    script = Path(__file__).parents[1] / "local.py"
    command: list[str | Path] = [sys.executable, script, folder, "--rounds", str(rounds)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout


def switched_off(folder: Path, truths: dict[str, Truth]) -> Off:
    """Read the PDFs that are no scans with OCR on and off. On is `auto`, as a job has it by default."""
    names = [
        name for name in truths if name.endswith(".pdf") and not name.rpartition("/")[2].startswith(_DUE)
    ]
    paths = {name: folder / name for name in names}
    read_all(dict(list(paths.items())[:1]))
    before = compare.cpu_seconds()
    off = read_all(paths, config={"ocr": "off"})
    between = compare.cpu_seconds()
    auto = read_all(paths, config={"ocr": "auto"})
    after = compare.cpu_seconds()
    differing = [name for name in names if _content(auto[name]) != _content(off[name])]
    return Off(len(names), differing, after - between, between - before)


def _content(reading: Reading) -> tuple[str, str | None, str]:
    return reading.markdown, reading.text, reading.outcome
