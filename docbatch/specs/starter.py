"""What `docbatch init` writes."""

import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from docbatch.core.errors import UsageError
from docbatch.specs.project_file import FILE_NAME, find_project_file, show_file
from docbatch.specs.schema import render

_INBOX = "inbox"
_EXAMPLE = "jobs/example.yaml"
_IGNORED = ".docbatch/"

_PROJECT = """\
# yaml-language-server: $schema=schemas/project.schema.json
apiVersion: docbatch/v1

# Random and never changed: all work at a vendor is marked with it.
project:
  id: {id}

# Connections beyond `local`, which needs none. Keys are never written here, only where to find them:
# providers:
#   extend:
#     api_key: {{env: EXTEND_API_KEY}}

# Values for {{{{ vars.NAME }}}} in paths and patterns of jobs:
# vars:
#   inbox: inbox

# What jobs have that do not say it themselves:
# defaults:
#   priority: 50
"""

_JOB = """\
# yaml-language-server: $schema=../schemas/job.schema.json
apiVersion: docbatch/v1
name: example
source:
  # Everything in inbox/; narrower, for example: "inbox/**/*.{pdf,PDF,docx}"
  include: "inbox/**"
  # Or documents that are listed: urls: [https://…], urls_from: list.csv, file_ids: [ids at the vendor], texts: {name: text}
provider: local
sink:
  - type: files
    path: "out/{{ job.name }}/{{ doc.path }}.md"
    format: markdown
"""


def init(root: Path) -> list[Path]:
    """Write what a starter project lacks and return the files written, beside a folder for documents; nothing that exists is overwritten.

    Raises UsageError when the folder lies inside another project: a second id would make its work unknown to the first.
    """
    outer = find_project_file(root.absolute().parent)
    if outer is not None and not (root / FILE_NAME).exists():
        raise UsageError(
            f"this folder belongs to the project of {show_file(outer, root)}",
            hint="add jobs to that project, or move this folder out of it",
        )
    written = [root / name for name, text in _FILES.items() if _create(root / name, text)]
    inbox = root / _INBOX
    if root / _EXAMPLE in written and not inbox.exists():
        inbox.mkdir()
    return written + ([root / ".gitignore"] if _ignore(root / ".gitignore") else [])


def new_project_id() -> str:
    """Return a random id: it begins with a letter, so that YAML never reads it as a number."""
    return "p" + secrets.token_hex(8)


_FILES: Mapping[str, Callable[[], str]] = {
    FILE_NAME: lambda: _PROJECT.format(id=new_project_id()),
    _EXAMPLE: lambda: _JOB,
    "schemas/job.schema.json": lambda: render("job"),
    "schemas/project.schema.json": lambda: render("project"),
}


def _create(path: Path, text: Callable[[], str]) -> bool:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text())
    except FileExistsError:
        return False
    return True


def _ignore(path: Path) -> bool:
    """Keep the state out of version control; an existing file gets one more line."""
    lines = path.read_text(encoding="utf-8", errors="surrogateescape").splitlines() if path.exists() else []
    if {_IGNORED, _IGNORED.rstrip("/")} & {line.strip() for line in lines}:
        return False
    separator = "" if not lines or path.read_bytes().endswith(b"\n") else "\n"
    with path.open("a", encoding="utf-8") as stream:
        stream.write(f"{separator}{_IGNORED}\n")
    return True
