"""Which mutants the tests notice: `python benchmarks/mutants.py`. Nothing here is run by the tests; it takes an hour or two.

Each of `mutant_list.py` is made in a copy of the tree, and its nearest tests are run until one fails. What survives them meets
the whole default suite. A test that only compares the source with the list of mutants in it does not count.

    --check          say whether every text stands once in its file, and run nothing
    --only WORDS …   those whose name or file has one of the words
    --tree FOLDER    another checkout
    --nearest        leave the whole suite out
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from mutant_list import MUTANTS, Mutant

LONGEST = 600.0
"""Seconds of the nearest tests, after which a mutant that does not come to an end counts as killed."""
LONGEST_SUITE = 3 * 3600.0
FAILED = 1
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", ".docbatch", "*.egg-info")
OF_MUTANTS = ("--ignore=tests/engine/test_mutants.py", "-k", "not the_matrix_notices")
"""Tests of the mutants in the suite fail where their own text is gone, whatever that does."""
_SECONDS = count(int(time.time()))


def faults(tree: Path, mutants: Sequence[Mutant]) -> Iterator[str]:
    """Yield what keeps mutants from being made."""
    for each in mutants:
        path = tree / each.file
        found = path.read_text().count(each.old) if path.exists() else 0
        if found != 1:
            yield f"{each.what}: its text stands {found} times in {each.file}: {each.old}"
        for test in each.tests.split():
            if not (tree / test).exists():
                yield f"{each.what}: there is no {test}"


@contextmanager
def made(tree: Path, mutant: Mutant) -> Iterator[None]:
    path = tree / mutant.file
    plain = path.read_text()
    _write(path, plain.replace(mutant.old, mutant.new))
    try:
        yield
    finally:
        _write(path, plain)


def _write(path: Path, text: str) -> None:
    """Write with a time that no other version had: compiled modules are told apart by size and second."""
    path.write_text(text)
    second = next(_SECONDS)
    os.utime(path, (second, second))


def verdict(tree: Path, tests: Sequence[str], longest: float) -> str:
    """Run tests until one fails; return killed, survived, or what went wrong."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-m",
        "not full",
        "-p",
        "no:cacheprovider",
        *OF_MUTANTS,
    ]
    here = {**os.environ, "PYTHONPATH": str(tree)}
    try:
        done = subprocess.run(
            [*command, *tests],
            cwd=tree,
            env=here,
            capture_output=True,
            text=True,
            check=False,
            timeout=longest,
        )
    except subprocess.TimeoutExpired:
        return "killed (it does not end)"
    if done.returncode == FAILED:
        last = [line for line in done.stdout.splitlines() if line.startswith(("FAILED ", "ERROR "))]
        return f"killed by {last[0].split(' - ')[0].partition(' ')[2]}" if last else "killed"
    return "survived" if done.returncode == 0 else f"BROKEN: {done.stdout[-500:]}{done.stderr[-500:]}"


def run(tree: Path, mutants: Sequence[Mutant], *, suite: bool) -> list[Mutant]:
    """Print what becomes of each, and return those that are left."""
    left = []
    for number, each in enumerate(mutants, start=1):
        began = time.monotonic()
        with made(tree, each):
            ended = verdict(tree, each.tests.split(), LONGEST)
        if not ended.startswith("killed"):
            left.append(each)
        print(f"{number}/{len(mutants)} {each.what}: {ended}, {time.monotonic() - began:.0f} s", flush=True)
    print(f"nearest tests: {len(mutants) - len(left)} of {len(mutants)} killed", flush=True)
    if suite and left:
        nearest, left = left, []
        for each in nearest:
            with made(tree, each):
                ended = verdict(tree, ["-n", "2", "tests"], LONGEST_SUITE)
            if not ended.startswith("killed"):
                left.append(each)
            print(f"whole suite: {each.what}: {ended}", flush=True)
        print(f"whole suite: {len(mutants) - len(left)} of {len(mutants)} killed", flush=True)
    return left


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--only", nargs="*", default=[""])
    parser.add_argument("--tree", type=Path, default=Path(__file__).parents[1])
    parser.add_argument("--nearest", action="store_true")
    arguments = parser.parse_args()
    chosen = [
        each for each in MUTANTS if any(words in f"{each.what} {each.file}" for words in arguments.only)
    ]
    wrong = list(faults(arguments.tree, chosen))
    print("\n".join(wrong) if wrong else f"{len(chosen)} mutants, each text stands once", flush=True)
    if wrong or arguments.check:
        sys.exit(bool(wrong))
    with tempfile.TemporaryDirectory(prefix="docbatch-mutants-") as folder:
        copy = Path(folder) / "tree"
        shutil.copytree(arguments.tree, copy, ignore=LEFT_OUT)
        left = run(copy, chosen, suite=not arguments.nearest)
    sys.exit(bool(left))


if __name__ == "__main__":
    main()
