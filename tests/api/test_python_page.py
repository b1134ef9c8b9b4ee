"""Every example of docs/python.md runs, as it stands, on a project in the place of /data/invoices."""

import dataclasses
import inspect
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, get_args

import pytest

import docbatch
from tests.cli.project import JOB, Project

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

PAGE = (Path(__file__).parents[2] / "docs" / "python.md").read_text(encoding="utf-8")
EXAMPLES = {
    heading.partition("\n")[0]: code
    for heading in re.split(r"^##? ", PAGE, flags=re.MULTILINE)[1:]
    for code in re.findall(r"^```python\n(.*?)^```$", heading, re.MULTILINE | re.DOTALL)
}


@pytest.fixture
def invoices(tmp_path: Path) -> Project:
    made = Project(tmp_path / "invoices")
    made.job(JOB.replace("name: job", "name: invoices"), "invoices")
    made.write({"in/a.txt": "one", "in/b.txt": "twenty"})
    return made


def run(heading: str, data: Path) -> dict[str, Any]:
    """Run an example and return the names it leaves; its folders are looked for below `data`."""
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(EXAMPLES[heading].replace("/data/", f"{data}/"), heading, "exec"), names)
    return names


def stand_in() -> ModuleType:
    """Return a module with as much of pandas as the page uses, so that the tests need no more of it."""

    def frame(rows: Iterable[Mapping[str, object]]) -> list[dict[str, object]]:
        return [dict(row) for row in rows]

    module = ModuleType("pandas")
    module.DataFrame = frame  # type: ignore[attr-defined]
    return module


def test_the_first_example(invoices: Project, capsys: pytest.CaptureFixture[str]) -> None:
    run("From Python", invoices.root.parent)
    assert capsys.readouterr().out == "2 documents to send, 0 as they were\na.txt 3\nb.txt 6\n"


def test_results_as_a_table(
    invoices: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", stand_in())

    table = run("With progress, into a table", invoices.root.parent)["table"]

    assert table == [
        {"path": "a.txt", "text": "one"},
        {"path": "b.txt", "text": "twenty"},
    ]
    assert "documents ended, 0 of them failed\n" in capsys.readouterr().out
    assert len(EXAMPLES["With progress, into a table"].strip().splitlines()) <= 15


def test_a_task(invoices: Project) -> None:
    assert run("As a task", invoices.root.parent)["standing"] == {"succeeded": 2}


def test_a_task_fails_when_more_than_documents_did(invoices: Project) -> None:
    invoices.write({"out": "in the way of the outputs"})
    with pytest.raises(docbatch.SinkError):
        run("As a task", invoices.root.parent)


@pytest.mark.parametrize(("files", "code", "said"), [
    ({}, 0, ""),
    ({"in/c.pdf": b"%PDF-1.7\n"}, 3, ""),
    ({"jobs/x.yaml": "name: 1\nname: 2\n"}, 64, "jobs/x.yaml 2 "),
    ({".docbatch/state.db": "nothing of the kind"}, "is not a state file (nothing was changed", ""),
])  # fmt: skip
def test_errors_and_exit_codes(
    files: dict[str, str | bytes], code: int | str, said: str, invoices: Project,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    invoices.write(files)

    with pytest.raises(SystemExit) as ended:
        run("Errors and exit codes", invoices.root.parent)

    assert ended.value.code == code if isinstance(code, int) else code in str(ended.value.code)
    assert said in capsys.readouterr().out


def test_threads(invoices: Project) -> None:
    contracts = Project(invoices.root.parent / "contracts")
    contracts.job()
    contracts.write({"in/c.txt": "three"})

    outcomes = run("Threads", invoices.root.parent)["outcomes"]

    assert [outcome.exit_code for outcome in outcomes] == [0, 0]
    assert contracts.outputs() == {"c.txt.md": b"three\n"}


def test_every_example_is_run_here() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [heading for heading in EXAMPLES if f'run("{heading}"' not in text] == []
    assert len(EXAMPLES) == PAGE.count("```python")


def test_the_page_names_everything_that_is_offered() -> None:
    methods = [name for name in vars(docbatch.Project) if not name.startswith("_")]
    offered = set(docbatch.__all__) - {"__version__"}
    assert {name for name in (*methods, *offered) if not re.search(rf"\b{name}\b", PAGE)} == set()


def test_the_page_names_the_fields_of_notices() -> None:
    for notice in get_args(docbatch.Notice):
        fields = ", ".join(f"`{field.name}`" for field in dataclasses.fields(notice))
        assert re.search(rf"^\| `{notice.__name__}` \| [^|]+ \| {fields} \|$", PAGE, re.MULTILINE), notice


@pytest.mark.parametrize("value", [
    docbatch.CheckedJob, docbatch.Explanation, docbatch.QueuedDocument, docbatch.ApplyOutcome, docbatch.JobOutcome,
    docbatch.PlanLine,
])  # fmt: skip
def test_the_page_names_the_fields_of_values(value: "type[DataclassInstance]") -> None:
    (row,) = re.findall(rf"^\| `{value.__name__}` \|.*", PAGE, re.MULTILINE)
    assert [field.name for field in dataclasses.fields(value) if f"`{field.name}`" not in row] == []


def test_the_page_shows_signatures_as_they_are() -> None:
    for name in ("validate", "plan", "apply", "status", "explain", "retry", "results"):
        signature = inspect.signature(getattr(docbatch.Project, name))
        parameters = [each for each in signature.parameters.values() if each.name != "self"]
        bare = signature.replace(
            parameters=[each.replace(annotation=inspect.Parameter.empty) for each in parameters],
            return_annotation=inspect.Signature.empty,
        )
        assert f"`{name}{bare}`" in PAGE
