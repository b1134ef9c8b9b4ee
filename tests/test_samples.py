import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "samples"
LARGEST_TOGETHER = 200_000


def documents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"}
    }


def test_made_samples_are_the_committed_ones(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-B", SAMPLES / "make.py", tmp_path], check=True)
    made = documents(tmp_path)
    assert len(made) >= 10
    assert made == {name: body for name, body in documents(SAMPLES).items() if name in made}


def test_every_main_format_is_among_them() -> None:
    wanted = {"csv", "docx", "eml", "epub", "html", "md", "odt", "pdf", "png", "pptx", "txt", "xlsx"}
    assert wanted <= {name.rpartition(".")[2] for name in documents(SAMPLES)}


def test_they_stay_small() -> None:
    assert sum(map(len, documents(SAMPLES).values())) < LARGEST_TOGETHER


def test_a_document_that_is_meant_to_work_is_in_the_main_job() -> None:
    spec = (ROOT / "jobs" / "samples.yaml").read_text()
    (suffixes,) = re.findall(r"samples/\*\.\{([a-z,]+)\}", spec)
    assert {path.suffix[1:] for path in SAMPLES.glob("*.*")} == {*suffixes.split(","), "py"}
