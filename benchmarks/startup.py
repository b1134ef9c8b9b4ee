"""Time starting: `docbatch --version` and `docbatch plan` of one spec over ten files, as multiples of `python -c pass`.

python benchmarks/startup.py [--rounds 15]
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

JOB = """apiVersion: docbatch/v1
name: ten
source:
  include: "in/*.txt"
provider: local
sink:
  - {type: files, path: "out/{{ doc.path }}.md", format: markdown}
"""


def timed(command: Sequence[str], cwd: Path) -> float:
    began = time.perf_counter()
    subprocess.run(command, cwd=cwd, check=True, capture_output=True)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    docbatch = str(Path(sys.executable).with_name("docbatch"))
    commands = {
        "docbatch --version": [docbatch, "--version"],
        "docbatch plan": [docbatch, "plan"],
    }
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "in").mkdir()
        for number in range(10):
            (root / "in" / f"{number}.txt").write_text(f"note {number}\n")
        (root / "jobs").mkdir()
        (root / "jobs" / "ten.yaml").write_text(JOB)
        ratios: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(rounds):
            bare = timed([sys.executable, "-c", "pass"], root)
            for name, command in commands.items():
                ratios[name].append(timed(command, root) / bare)
    for name, found in ratios.items():
        print(
            f"{name}: {statistics.median(found):.1f} x python -c pass (min {min(found):.1f}, max {max(found):.1f})"
        )


if __name__ == "__main__":
    main()
