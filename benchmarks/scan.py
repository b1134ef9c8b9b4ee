"""How long a scan takes beside `find`, which looks at the same files and compares nothing.

Both are run in turn and the best run of each counts. Memory is the peak of a process that does nothing else; the
second process that walks large trees is given apart. Run it on an idle machine: `python benchmarks/scan.py`.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 5

_SCAN = """
import json, resource, sys, time
from pathlib import Path
from docbatch.sources.globs import compile_globs
from docbatch.sources.scan import scan
from docbatch.sources.statcache import StatCache
start = time.perf_counter()
cache = StatCache(Path(sys.argv[2]) if sys.argv[2] else None, margin_ns=-10**12)
count = sum(len(seen.documents) for seen in scan(Path(sys.argv[1]), compile_globs(["**/*.{txt,md}"]), cache))
cache.close()
took = time.perf_counter() - start
peaks = [resource.getrusage(who).ru_maxrss // 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(json.dumps([count, took, *peaks]))
"""


def plant(root: Path, files: int, folder_size: int) -> None:
    for start in range(0, files, folder_size):
        folder = root / f"{start // folder_size:05}"
        folder.mkdir(parents=True)
        for number in range(start, min(files, start + folder_size)):
            (folder / f"{number:07}.txt").write_text(f"document {number}\n")


def scan(root: Path, cache: Path | None) -> tuple[int, float, int, int]:
    command = [sys.executable, "-c", _SCAN, str(root), str(cache or "")]
    count, took, own, helper = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return count, took, own, helper


def find(root: Path) -> float:
    start = time.perf_counter()
    command = ["find", str(root), "-type", "f", "-printf", "%s %T@ %i\n"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=200_000)
    parser.add_argument("--folder-size", type=int, default=1000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "tree"
        plant(root, options.files, options.folder_size)
        cache = Path(folder) / "cache.db"
        count, took, own, _ = scan(root, cache)
        print(f"new:       {count} files  {took:7.2f} s  {own} MB")
        finds, scans = [], []
        for _ in range(ROUNDS):
            finds.append(find(root))
            count, took, own, helper = scan(root, cache)
            scans.append(took)
        print(
            f"unchanged: {count} files  {min(scans):7.2f} s  {own} MB, and {helper} MB in the walking process"
        )
        print(f"find:      {count} files  {min(finds):7.2f} s")
        print(f"ratio:     {min(scans) / min(finds):.2f}")
        print(f"cache.db:  {cache.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
