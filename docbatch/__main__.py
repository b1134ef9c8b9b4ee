import os
import sys
from contextlib import suppress

# `python -m` looks for modules in the current folder first, which may be anybody's repository.
with suppress(OSError):
    if not sys.flags.safe_path and sys.path[:1] == [os.path.abspath(".")]:  # noqa: PTH100 - before all else
        del sys.path[0]

from docbatch.cli import main

if __name__ == "__main__":
    main()
