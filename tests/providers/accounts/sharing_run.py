"""The real command, in a process of its own, on a project whose runs share the pace of accounts through the store `lake`.

python sharing_run.py PREFIX ARGUMENT…
"""

import sys
from dataclasses import replace
from typing import Any
from unittest import mock

from docbatch.api.project import Project
from docbatch.cli import main
from docbatch.engine.planning.plan import Selection
from docbatch.specs.shared_pace import SharedPace

STORE = "lake"


def sharing(prefix: str) -> Any:
    """Have all runs share the pace of accounts below a prefix, in the block."""
    plain = Project._assignment

    def assignment(*arguments: Any) -> Selection:
        return replace(plain(*arguments), shared_pace=SharedPace(STORE, prefix))

    return mock.patch.object(Project, "_assignment", assignment)


def run() -> None:
    prefix, sys.argv[1:] = sys.argv[1], sys.argv[2:]
    with sharing(prefix):
        main()


if __name__ == "__main__":
    run()
