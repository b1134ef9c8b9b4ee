"""What an error says: to people on standard error, and among JSON lines."""

from typing import Any

from docbatch.cli.output import say, tell
from docbatch.core.errors import DocbatchError, SpecError
from docbatch.core.report import visible


def show_error(error: DocbatchError) -> None:
    """Show an error as its sentences; problems of specs one a line, beginning with file, line and column as editors expect them."""
    if not isinstance(error, SpecError):
        say(f"error: {error.message}", err=True)
        if error.hint:
            say(f"  {error.hint}", err=True)
        tell_error(error.message, error.hint, error.exit_code)
        return
    for problem in error.problems:
        say(visible(str(problem)), err=True)
        place = {"file": problem.file, "line": problem.line, "column": problem.column, "where": problem.where}
        tell_error(problem.message, problem.hint, error.exit_code, **place)


def tell_error(message: str, hint: str | None, code: int, **place: Any) -> None:
    """Tell an error among JSON lines; people have read it."""
    tell("error", None, message=message, hint=hint, exit_code=code, **place)
