"""Say which of the named modules of the pure core have branches that the measured tests did not take."""  # noqa: INP001

import io
import sys

import coverage
from coverage.exceptions import NoDataError

WHOLE = 100.0


def main(modules: list[str]) -> int:
    """Judge each module by itself: one that no test imports has no data, and would not be missed in a common report."""
    measured = coverage.Coverage()
    measured.load()
    return max([_judged(measured, f"docbatch/core/{module}.py") for module in modules])


def _judged(measured: coverage.Coverage, path: str) -> int:
    report = io.StringIO()
    try:
        covered = measured.report(include=[path], show_missing=True, file=report)
    except NoDataError as error:
        covered = 0.0
        report.write(f"{error}\n")
    if covered >= WHOLE:
        return 0
    report.write(f"{path} belongs to the pure core, and tests/core does not take all of its branches.\n")
    sys.stderr.write(report.getvalue())
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
