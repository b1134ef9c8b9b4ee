"""How much of documents arrives, and at what speed.

    python benchmarks/fidelity FOLDER make      writes the made documents
    python benchmarks/fidelity FOLDER gather    fetches real ones through apt-get and pip
    python benchmarks/fidelity FOLDER floors    prints what the test of the suite may ask for today
    python benchmarks/fidelity FOLDER score     reads and scores made and real ones
        [--corpus made|real] [--tools docbatch,markitdown,kreuzberg,docling-rs] [--only GLOB] [--verbose] [--ocr off] [--keep]

Everything is kept below FOLDER: documents, truths, environments of other tools. See README.md beside this file.
"""

import argparse
import sys
from math import floor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fidelity import compare, floors, gather, report
from fidelity.truth import TRUTHS, Reading


def main() -> int:
    arguments = _arguments()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    return {"make": _make, "gather": _gather, "floors": _floors, "score": _score}[arguments.command](
        arguments
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("command", choices=["make", "gather", "floors", "score"])
    parser.add_argument("--corpus", choices=[compare.MADE, compare.REAL])
    parser.add_argument("--tools", default=report.OURS, help="names with commas between them, or all")
    parser.add_argument("--only", default="*", help="documents whose name matches, as pdf/table-*")
    parser.add_argument("--verbose", action="store_true", help="what is missing, document by document")
    parser.add_argument(
        "--most", type=int, default=0, help="of how many documents that is shown, the worst first"
    )
    parser.add_argument("--ocr", choices=["auto", "off", "force"], default="auto")
    parser.add_argument("--keep", action="store_true", help="writes what we read to FOLDER/read")
    return parser.parse_args()


def _make(arguments: argparse.Namespace) -> int:
    truths = compare.make(arguments.folder / compare.MADE)
    print(f"{len(truths)} documents in {arguments.folder / compare.MADE}")
    return 0


def _gather(arguments: argparse.Namespace) -> int:
    truths = gather.gather(arguments.folder / compare.REAL)
    print(f"{len(truths)} documents in {arguments.folder / compare.REAL}: {gather.told(truths)}")
    return 0


def _floors(arguments: argparse.Namespace) -> int:  # noqa: ARG001 - all commands take the same
    found = floors.reached()
    for group, figures in found.items():
        listed = ", ".join(f'"{name}": {floor(value * 1000) / 1000:.3f}' for name, value in figures.items())
        print(f'    "{group}": {{{listed}}},')
    return 0


def _score(arguments: argparse.Namespace) -> int:
    if not (arguments.folder / compare.MADE / TRUTHS).exists():
        _make(arguments)
    rows = []
    tools = [report.OURS, *compare.RIVALS] if arguments.tools == "all" else arguments.tools.split(",")
    for corpus in [arguments.corpus] if arguments.corpus else [compare.MADE, compare.REAL]:
        folder = arguments.folder / corpus
        if not (folder / TRUTHS).exists():
            print(f"{corpus}: not gathered, left out", file=sys.stderr)
            continue
        truths = compare.chosen(folder, arguments.only)
        for tool in tools:
            found = compare.readings(tool, folder, truths, arguments.folder / "venvs", {"ocr": arguments.ocr})
            rows += compare.scored(tool, corpus, truths, found)
            if arguments.keep and tool == report.OURS:
                _keep(arguments.folder / "read" / corpus, found)
    print(report.tables(rows))
    print(report.reached(rows))
    if arguments.verbose:
        print(report.worst(rows, most=arguments.most))
    return 0


def _keep(folder: Path, found: dict[str, Reading]) -> None:
    for name, reading in found.items():
        path = folder / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(reading.markdown)
        said = "\n".join([reading.outcome, *reading.warnings, reading.error])
        path.with_suffix(".said").write_text(f"{said}\n\n{reading.text or ''}")


if __name__ == "__main__":
    raise SystemExit(main())
