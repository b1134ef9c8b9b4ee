"""What `docbatch init` writes."""

import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from docbatch.core.errors import UsageError
from docbatch.specs.checkout import real
from docbatch.specs.load import spec_folders
from docbatch.specs.project_file import FILE_NAME, NEARLY, find_project_file, show_file
from docbatch.specs.schema import render
from docbatch.specs.text import MAX_BYTES

_INBOX = "inbox"
EXAMPLE = "jobs/example.yaml"
_IGNORED = ".docbatch/"
_NAMED = re.compile(rb"^name: *[\"']?example[\"']?\s*$", re.MULTILINE)

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
    Where something is in the way, nothing is written.
    """
    outer = find_project_file(root.absolute().parent)
    if outer is not None and not (root / FILE_NAME).exists():
        raise UsageError(
            f"this folder belongs to the project of {show_file(outer, root)}",
            hint="add jobs to that project, or move this folder out of it",
        )
    lacking = _lacking(root)
    _refuse_what_is_in_the_way(root, lacking)
    written = [root / name for name in lacking if _create(root / name, _FILES[name]())]
    if root / EXAMPLE in written:
        (root / _INBOX).mkdir(exist_ok=True)
    return written + ([root / ".gitignore"] if _ignore(root / ".gitignore") else [])


def _lacking(root: Path) -> list[str]:
    """Return the files that are not there; the example is not missing where a job has its name."""
    return [
        name
        for name in _FILES
        if not os.path.lexists(root / name) and not (name == EXAMPLE and _is_taken(root / EXAMPLE))
    ]


def _is_taken(example: Path) -> bool:
    names = (folder / name for folder, found in spec_folders(example.parent) for name in found)
    specs = (path for path in names if path.suffix in {".yaml", ".yml"} and path.is_file())
    return any(_NAMED.search(path.read_bytes()[:MAX_BYTES]) for path in specs)


def _refuse_what_is_in_the_way(root: Path, lacking: Sequence[str]) -> None:
    """Raise UsageError for what is no file or folder where one is to be, or leads out of the project."""
    if not (root / FILE_NAME).exists() and (other := next(_misnamed(root), None)):
        raise UsageError(
            f"{other} is there, and is not read: the project file is called {FILE_NAME}",
            hint=f"rename it to {FILE_NAME}: a new one would get another project id",
        )
    folders = {name.partition("/")[0] for name in lacking if "/" in name}
    for name in sorted(folders | ({_INBOX} if EXAMPLE in lacking else set())):
        if os.path.lexists(root / name) and not (root / name).is_dir():
            raise UsageError(f"{name} is no folder, and one is needed there", hint="move it away")
    for name in (FILE_NAME, ".gitignore"):
        if os.path.lexists(root / name) and not (root / name).is_file():
            raise UsageError(f"{name} is no file, and one is needed there", hint="move it away")
    for name in sorted(folders | {".gitignore"}):
        if not real(root / name).is_relative_to(real(root)):
            raise UsageError(
                f"{name} is a link that leads out of this folder", hint="put the file or folder itself there"
            )


def _misnamed(root: Path) -> Iterator[str]:
    return (name for name in NEARLY if (root / name).is_file())


def new_project_id() -> str:
    """Return a random id: it begins with a letter, so that YAML never reads it as a number."""
    return "p" + secrets.token_hex(8)


_FILES: Mapping[str, Callable[[], str]] = {
    FILE_NAME: lambda: _PROJECT.format(id=new_project_id()),
    EXAMPLE: lambda: _JOB,
    "schemas/job.schema.json": lambda: render("job"),
    "schemas/project.schema.json": lambda: render("project"),
}


def _create(path: Path, text: str) -> bool:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        return False
    except OSError:
        # Half of a file would count as one that is there.
        path.unlink(missing_ok=True)
        raise
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
