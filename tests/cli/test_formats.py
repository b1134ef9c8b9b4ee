"""What a `files` sink writes in the formats that are made of results: whole, once, and again free of charge."""

import csv
import io
import re
import shutil
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.cli.project import Project

SAMPLES = Path(__file__).parents[2] / "samples"
SINK = '  - {type: files, path: "out/FORM/{{ doc.path }}.FORM", format: FORM}\n'
FORMATS = ("csv", "html", "docling-json", "text")
BOOK = "<html lang=de><title>Ein Titel</title><p>Wort</p><img src=a.png alt='ein Bild'><table><tr><th colspan=2>=Summe<tr><td>1<td>2</table>"


def job(*forms: str) -> str:
    head = 'apiVersion: docbatch/v1\nname: job\nsource: {root: in, include: "**/*"}\nprovider: local\nsink:\n'
    return head + "".join(SINK.replace("FORM", form) for form in forms)


class Words(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.feed(page.partition("<body>")[2])

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"[^\W_]+", text))


def test_no_format_loses_a_word_of_the_samples(project: Project) -> None:
    names = (
        "briefing.pptx",
        "inspection.docx",
        "invoice.pdf",
        "minutes.odt",
        "notes.md",
        "order.eml",
        "stock.xlsx",
        "trail.html",
    )
    for name in names:
        project.write({f"in/{name}": (SAMPLES / name).read_bytes()})
    project.job(job(*FORMATS))
    project.applied()

    for name in names:
        made = {form: (project.root / f"out/{form}/{name}.{form}").read_text("utf-8") for form in FORMATS}
        said = words(made["text"])
        from docling_core.types.doc.common.content_layer import ContentLayer
        from docling_core.types.doc.document import DoclingDocument

        docling = DoclingDocument.model_validate_json(made["docling-json"])
        shown = docling.export_to_markdown(included_content_layers=set(ContentLayer), escape_html=False)
        assert not said - words(shown), name
        assert not said - words(" ".join(Words(made["html"]).said)), name
        rows = list(csv.reader(io.StringIO(made["csv"], newline=""), strict=True))
        assert len(rows) > 1, name
        assert {len(row) for row in rows} == {len(rows[0])}
        assert not words(" ".join(cell for row in rows[1:] for cell in row[4:])) - said


def test_outputs_are_kept_like_all_others(project: Project) -> None:
    project.write({"in/a.html": BOOK})
    project.job(job("text"))
    assert project.applied().processed == 1

    project.job(job(*FORMATS))
    assert project.applied().processed == 0
    assert "Nothing is due." in project.call("plan").out
    made = project.outputs()
    assert b'<th colspan="2">' in made["html/a.html.html"]
    assert b"a.png" not in made["html/a.html.html"]
    assert b"<title>Ein Titel</title>" in made["html/a.html.html"]
    assert made["csv/a.html.csv"].decode().splitlines()[1:] == [",1,0,,'=Summe,", ",1,1,,1,2"]

    project.write({"out/html/a.html.html": "edited", "in/b.txt": "no table"})
    (project.root / "out/csv/a.html.csv").unlink()
    assert project.call("drift").code == 2
    project.applied()
    assert {name: made[name] for name in made} == {
        name: content for name, content in project.outputs().items() if name in made
    }
    assert [each.read_text() for each in (project.root / ".docbatch/trash").rglob("*.html")] == ["edited"]


def test_a_document_without_tables_is_told(project: Project) -> None:
    project.write({"in/a.txt": "none", "in/b.txt": "none", "in/c.csv": "a,b\n1,2\n"})
    project.job(job("csv"))

    told = project.call("apply", "--yes").err

    assert "job: a.txt and 1 more document: no table was found; the file has the header alone" in told
    assert project.outputs()["csv/b.txt.csv"] == b"page,table,row,attachment\r\n"


def test_a_store_takes_every_format(project: Project) -> None:
    pytest.importorskip("obstore")
    project.write({"in/a.html": BOOK})
    project.job(job(*FORMATS))
    project.applied()
    made = project.outputs()
    shutil.rmtree(project.root / "out")
    project.write(
        {"docbatch.yaml": "project: {id: testproject01}\nstores: {lake: {type: folder, path: lake}}"}
    )
    (project.root / "lake").mkdir()
    project.job(job(*FORMATS).replace("{type: files", "{type: files, store: lake"))

    assert project.applied().processed == 0
    assert project.outputs("lake/out") == made
    assert "Nothing is due." in project.call("plan").out
