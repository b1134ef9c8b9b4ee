"""How much of documents arrives, and at what speed.

    python benchmarks/fidelity FOLDER make      writes the made documents
    python benchmarks/fidelity FOLDER gather    fetches real ones through apt-get and pip
    python benchmarks/fidelity FOLDER score     reads and scores made and real ones, and says which bars are reached
        [--corpus made|real] [--tools docbatch,markitdown,kreuzberg,docling-rs | all] [--only GLOB] [--verbose] [--ocr off] [--keep]
    python benchmarks/fidelity FOLDER speed     processor time beside others, and of a whole apply beside the bare engine
    python benchmarks/fidelity FOLDER scans     OCR of pictures of pages, and OCR where none is due [--verbose] [--ocr force]
    python benchmarks/fidelity FOLDER floors    prints what the test of the suite may ask for today

Everything is kept below FOLDER: documents, truths, environments of other tools. See README.md beside this file.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from math import floor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "samples"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fidelity import compare, floors, gather, report, scans, speed
from fidelity.truth import Reading, Truth, read_truths, truths_of


def make(arguments: argparse.Namespace) -> None:
    truths = compare.make(arguments.folder / compare.MADE)
    print(f"{len(truths)} documents in {arguments.folder / compare.MADE}")


def gather_real(arguments: argparse.Namespace) -> None:
    truths = gather.gather(arguments.folder / compare.REAL)
    print(f"{len(truths)} documents in {arguments.folder / compare.REAL}: {gather.told(truths)}")


def score(arguments: argparse.Namespace) -> None:
    rows = []
    tools = [report.OURS, *compare.RIVALS] if arguments.tools == "all" else arguments.tools.split(",")
    for corpus, truths in _corpora(arguments).items():
        folder = arguments.folder / corpus
        for tool in tools:
            found = compare.readings(tool, folder, truths, arguments.folder / "venvs", {"ocr": arguments.ocr})
            rows += compare.scored(tool, corpus, truths, found)
            if arguments.keep and tool == report.OURS:
                _keep(arguments.folder / "read" / corpus, found)
    _tell(rows, arguments)


def measure_speed(arguments: argparse.Namespace) -> None:
    corpora = _corpora(arguments)
    paths = [arguments.folder / corpus / name for corpus, truths in corpora.items() for name in truths]
    print("\n".join(speed.compared(paths, arguments.folder / "venvs", arguments.rounds)))
    for corpus in corpora:
        print(f"\nwhole runs, {corpus} documents\n{speed.whole(arguments.folder / corpus, arguments.rounds)}")


def read_scans(arguments: argparse.Namespace) -> None:
    folder = arguments.folder / scans.SCANS
    truths = read_truths(folder) if truths_of(folder).exists() else scans.make(folder)
    done = scans.read(folder, truths, arguments.ocr)
    print(report.tables(scans.by_manner(done.scored)))
    _tell(done.scored, arguments)
    print(f"\n{done.cpu:.2f} CPU s and {done.seconds:.2f} s a page, start-up included")
    for corpus, known in _corpora(arguments).items():
        print("\n".join([f"\n{corpus}", *speed.switched_off(arguments.folder / corpus, known).lines()]))


def print_floors(arguments: argparse.Namespace) -> None:  # noqa: ARG001 - all commands take the same
    for group, figures in floors.reached().items():
        listed = ", ".join(f'"{name}": {floor(value * 1000) / 1000:.3f}' for name, value in figures.items())
        print(f'    "{group}": {{{listed}}},')


def _corpora(arguments: argparse.Namespace) -> dict[str, dict[str, Truth]]:
    """Return the chosen documents; made ones are made anew, because makers change with the bench."""
    found: dict[str, dict[str, Truth]] = {}
    for corpus in [arguments.corpus] if arguments.corpus else [compare.MADE, compare.REAL]:
        folder = arguments.folder / corpus
        if corpus == compare.MADE:
            compare.make(folder)
        if truths_of(folder).exists():
            found[corpus] = compare.chosen(folder, arguments.only)
        else:
            print(f"{corpus}: not gathered, left out", file=sys.stderr)
    return found


def _tell(rows: list[report.Scored], arguments: argparse.Namespace) -> None:
    print(report.tables(rows))
    print(report.reached(rows))
    if arguments.verbose:
        print(report.worst(rows, most=arguments.most))


def _keep(folder: Path, found: Mapping[str, Reading]) -> None:
    for name, reading in found.items():
        path = folder / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(reading.markdown)
        said = "\n".join([reading.outcome, *reading.warnings, reading.error])
        path.with_suffix(".said").write_text(f"{said}\n\n{reading.text or ''}")


COMMANDS: dict[str, Callable[[argparse.Namespace], None]] = {
    "make": make,
    "gather": gather_real,
    "score": score,
    "speed": measure_speed,
    "scans": read_scans,
    "floors": print_floors,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--corpus", choices=[compare.MADE, compare.REAL])
    parser.add_argument("--tools", default=report.OURS, help="names with commas between them, or all")
    parser.add_argument("--only", default="*", help="documents whose name matches, as pdf/table-*")
    parser.add_argument("--verbose", action="store_true", help="what is missing, document by document")
    parser.add_argument(
        "--most", type=int, default=0, help="of how many documents that is shown, the worst first"
    )
    parser.add_argument("--ocr", choices=["auto", "off", "force"], default="auto")
    parser.add_argument("--rounds", type=int, default=3, help="of which the best counts, for speed")
    parser.add_argument("--keep", action="store_true", help="writes what we read to FOLDER/read")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    COMMANDS[arguments.command](arguments)


if __name__ == "__main__":
    main()
