"""Pages a second of other public tools on the same files, in a process pool of the same width.

    PYTHON_WITH_THE_TOOL benchmarks/runners.py TOOL FOLDER [--width N]      TOOL: markitdown | kreuzberg

Runs in an environment of its own that has the tool, so it imports nothing of docbatch. Prints seconds, documents read
and failed; divide the pages that benchmarks/local.py counted by the seconds.
"""

import argparse
import multiprocessing
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def markitdown(path: str) -> bool:
    from markitdown import MarkItDown  # noqa: PLC0415 - only one of the tools is installed

    try:
        return bool(MarkItDown(enable_plugins=False).convert(path).text_content)
    except Exception:  # noqa: BLE001 - a failure is a result here
        return False


def kreuzberg(path: str) -> bool:
    from kreuzberg import ExtractionConfig, extract_file_sync  # noqa: PLC0415

    try:
        switch: dict[str, Any] = {"disable_ocr": True}  # known to the tool, missing in its type stubs
        config = ExtractionConfig(use_cache=False, output_format="markdown", **switch)
        return bool(extract_file_sync(path, config=config).content)
    except BaseException:  # noqa: BLE001 - its panics are no Exceptions
        return False


TOOLS: dict[str, Callable[[str], bool]] = {"markitdown": markitdown, "kreuzberg": kreuzberg}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("tool", choices=sorted(TOOLS))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--width", type=int, default=len(os.sched_getaffinity(0)))
    arguments = parser.parse_args()
    files = [str(path) for path in sorted(arguments.folder.rglob("*")) if path.is_file()]
    started = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(arguments.width) as pool:
        read = sum(pool.imap_unordered(TOOLS[arguments.tool], files))
    print(f"{arguments.tool}: {len(files)} files, {read} read, {time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    main()
