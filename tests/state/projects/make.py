"""Makes a small project with the state of an older docbatch, to test what a newer one does with it.

    python tests/state/projects/make.py CHECKOUT FOLDER

CHECKOUT is a checkout of the older version; what this interpreter has installed must suffice for it. FOLDER, which must
not be there, is filled with the specs, documents and outputs, and in `state/` with what `.docbatch/` held. There are three
sinks of one job, a document and a job that are gone, a document that failed, and a sink that is no longer declared.

    version2    a2dc891
    version4    fbb1711
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

NOTES = """apiVersion: docbatch/v1
name: notes
source: {root: in, include: "**/*.{txt,md}"}
provider: local
sink:
  - {type: files, path: "out/{{ doc.path }}.md"}
  - {type: jsonl, path: out/notes.jsonl}
  - {type: sqlite, path: out/notes.db}
"""
TEXTS = """
  - {type: files, path: "texts/{{ doc.path }}", format: text}
"""
GONE = """apiVersion: docbatch/v1
name: gone
source: {root: in, include: "*.md"}
provider: local
sink: [{type: files, path: "left/{{ doc.name }}"}]
"""
DOCUMENTS = {
    "in/a.txt": "apple\n",
    "in/b.md": "# Banana\n",
    "in/deep/c.txt": "cherry\n",
    "in/empty.txt": "",
    "in/gone.txt": "not for long\n",
}
KEPT = ("state.db", "spool")
SOME_FAILED = 3


def apply(checkout: Path, root: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "docbatch", "apply"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(checkout)},
        check=False,
    )
    assert ended.returncode == SOME_FAILED, ended


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def make(checkout: Path, root: Path) -> None:
    for name, text in DOCUMENTS.items():
        write(root, name, text)
    write(root, "jobs/gone.yaml", GONE)
    write(root, "jobs/notes.yaml", NOTES.rstrip("\n") + TEXTS)
    apply(checkout, root)
    (root / "jobs/gone.yaml").unlink()
    (root / "in/gone.txt").unlink()
    write(root, "jobs/notes.yaml", NOTES)
    apply(checkout, root)


def main(checkout: Path, folder: Path) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        make(checkout.absolute(), root)
        state = root / ".docbatch"
        for name in KEPT:
            (root / "state").mkdir(exist_ok=True)
            (state / name).rename(root / "state" / name)
        shutil.rmtree(state)
        shutil.copytree(root, folder)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
