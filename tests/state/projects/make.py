"""Makes a small project with the state of an older docbatch, to test what a newer one does with it.

    python tests/state/projects/make.py CHECKOUT FOLDER [open]

CHECKOUT is a checkout of the older version; what this interpreter has installed must suffice for it. FOLDER, which must
not be there, is filled with the specs, documents and outputs, and in `state/` with what `.docbatch/` held. There are three
sinks of one job, a document and a job that are gone, a document that failed, and a sink that is no longer declared.

With `open` it is a project of the fake vendor of the tests, with what that remembers in `cloud.db`: documents that are done,
failed, read in part, no longer wanted, with the vendor, and asked for with an answer that was lost.

    version2    a2dc891
    version4    fbb1711
    version5    d07442f
    open5       d07442f, with open
    version6    2fc8940
    open6       2fc8940, with open
    version7    9ad5e3c
    open7       9ad5e3c, with open
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
OPEN = """import sys
from pathlib import Path
from docbatch.core.models import Recovery
from tests.fake.project import Project

project = Project(Path(sys.argv[1]), Recovery.FINDABLE, trait_options={"max_items": 2})
project.write()
project.apply()
(project.root / "in/c.txt").unlink()
project.write({"live.txt": "live", "lively.txt": "lively"})
project.apply(wait=False)
project.cloud.expect("create", project.cloud.calls("create") + 1, "uncertain")
project.write({"asked.txt": "asked"})
project.apply(wait=False)
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


def make_open(checkout: Path, root: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    subprocess.run([sys.executable, "-c", OPEN, str(root)], cwd=checkout, env=environment, check=True)


def main(checkout: Path, folder: Path, kind: str = "") -> None:
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        (make_open if kind == "open" else make)(checkout.absolute(), root)
        state = root / ".docbatch"
        for name in KEPT:
            (root / "state").mkdir(exist_ok=True)
            (state / name).rename(root / "state" / name)
        shutil.rmtree(state)
        shutil.copytree(root, folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
