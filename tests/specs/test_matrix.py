"""A matrix makes a job of each cell: what they are called, what is filled in, and what is told of a mistake."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from docbatch.core.errors import SpecError
from docbatch.naming.templates import doc_fields
from docbatch.specs.load import load_jobs, load_project
from docbatch.specs.size import LargestSpecs
from docbatch.specs.values import FilePlace, Job
from tests.steps import calls

HEAD = "apiVersion: docbatch/v1\n"
SINK = "sink: [{type: files, path: 'out/{{ job.name }}/{{ doc.path }}.md'}]\n"
SOURCE = "source: {include: 'in/{{ matrix.country }}/*.pdf'}\n"


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "docbatch.yaml").write_text("project: {id: ptestproject1}\nvars: {inbox: here}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = Path.cwd() / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def spec(matrix: str, rest: str = SOURCE + SINK, *, name: str = "a") -> str:
    return f"{HEAD}name: {name}\nmatrix: {matrix}\n{rest}"


def load() -> tuple[Job, ...]:
    return load_jobs(load_project(Path.cwd()))


def made(matrix: str, rest: str = SOURCE + SINK, *, name: str = "a") -> tuple[Job, ...]:
    write({"jobs/a.yaml": spec(matrix, rest, name=name)})
    return load()


def names(matrix: str, rest: str = SOURCE + SINK, *, name: str = "a") -> list[str]:
    return [job.name for job in made(matrix, rest, name=name)]


def problems(matrix: str, rest: str = SOURCE + SINK, *, name: str = "a") -> list[str]:
    with pytest.raises(SpecError) as refused:
        made(matrix, rest, name=name)
    return [str(problem).removeprefix("jobs/a.yaml:") for problem in refused.value.problems]


@pytest.mark.parametrize(
    ("matrix", "name", "expected"),
    [
        ("{country: [de, fr]}", "a", ["a-de", "a-fr"]),
        ("{country: [de, fr], kind: [x, y]}", "a", ["a-de-x", "a-de-y", "a-fr-x", "a-fr-y"]),
        ("{country: [DE, New Zealand, 2026, true, 1.50]}", "a", ["a-de", "a-new-zealand", "a-2026", "a-true", "a-1-50"]),
        ("{country: [de]}", "'{{ matrix.country }}-invoices'", ["de-invoices"]),
        ("{country: [2026]}", "'{{ matrix.country }}'", ["2026"]),
        ("{country: [DE]}", "'{{ matrix.country | lower }}'", ["de"]),
        ("{country: [{name: de, folder: x}]}", "a", ["a-de"]),
        ("{country: [de, fr], kind: [x, y], exclude: [{country: fr, kind: y}]}", "a", ["a-de-x", "a-de-y", "a-fr-x"]),
        ("{country: [de, fr], kind: [x, y], exclude: [{kind: y}]}", "a", ["a-de-x", "a-fr-x"]),
        ("{country: [{name: de}, {name: fr}], exclude: [{country: de}]}", "a", ["a-fr"]),
    ],
)  # fmt: skip
def test_each_cell_is_a_job_with_a_name(matrix: str, name: str, expected: list[str]) -> None:
    assert names(matrix, name=name) == expected


def test_names_stay_when_values_are_moved_and_added() -> None:
    assert set(names("{country: [de, fr]}")) < set(names("{country: [it, fr, de]}"))


def test_values_stand_where_they_are_named() -> None:
    rest = (
        "priority: '{{ matrix.c.priority }}'\n"
        "labels: {land: '{{ matrix.c }}', at: '{{ matrix.c.folder }}/{{ doc.path }}', whole: '{{ matrix.c.priority | trim }}'}\n"
        "config: '{{ matrix.c.config }}'\n"
        "source: {root: '{{ vars.inbox }}/{{ matrix.c.folder }}', include: ['*.{{ matrix.c.suffix | default(\"pdf\") }}']}\n"
        "sink: [{type: files, path: 'out/{{ matrix.c.name | upper }}/{{ doc.stem }}.md'}]\n"
    )
    de, fr = made(
        "{c: [{name: de, folder: in/de, priority: 5, config: {ocr: auto}},"
        " {name: fr, folder: in/fr, priority: 7, config: {languages: [fra]}, suffix: txt}]}",
        rest,
    )

    assert (de.priority, fr.priority) == (5, 7)
    assert de.labels == {"land": "de", "at": "in/de/{{ doc.path }}", "whole": "5"}
    assert (dict(de.config), dict(fr.config)) == ({"ocr": "auto"}, {"languages": ["fra"]})
    assert (de.source.root, de.source.include) == (Path.cwd() / "here/in/de", ("*.pdf",))
    assert fr.source.include == ("*.txt",)
    place = de.sinks[0].place
    assert isinstance(place, FilePlace)
    assert place.output(doc_fields(b"x/y.pdf", sha256="0" * 64, size=1)) == b"y.md"
    assert place.root == Path.cwd() / "out/DE"


def test_a_cell_is_what_it_would_be_written_out() -> None:
    (cell,) = made("{country: [de]}")
    write({"jobs/a.yaml": f"{HEAD}name: a-de\nsource: {{include: 'in/de/*.pdf'}}\n{SINK}"})
    (plain,) = load()

    assert cell == plain


def test_a_matrix_may_stand_in_a_fragment_and_lose_an_axis() -> None:
    write({"base.yaml": f"matrix: {{country: [de, fr], kind: [x, y]}}\n{SOURCE}{SINK}"})
    write(
        {
            "jobs/a.yaml": f"{HEAD}name: a\nextends: base.yaml\n",
            "jobs/b.yaml": f"{HEAD}name: b\nextends: base.yaml\nmatrix: {{kind: null}}\n",
            "jobs/c.yaml": f"{HEAD}name: c\nextends: base.yaml\nmatrix: null\nsource: {{include: x}}\nsink: [{{type: jsonl, path: out/c}}]\n",
        }
    )
    assert [job.name for job in load()] == ["a-de-x", "a-de-y", "a-fr-x", "a-fr-y", "b-de", "b-fr", "c"]


@pytest.mark.parametrize(
    ("matrix", "rest", "told"),
    [
        ("[de]", "", '3:9: matrix: a mapping is needed, and this is a list (write as in country: [de, fr], or country: [{name: de, folder: "in/germany"}])'),
        ("{}", "", '3:9: matrix: the matrix has no values (write as in country: [de, fr], or country: [{name: de, folder: "in/germany"}])'),
        ("{country: de}", "", '3:19: matrix.country: a list of values is needed, and this is text (write as in country: [de, fr], or country: [{name: de, folder: "in/germany"}])'),
        ("{country: []}", "", '3:19: matrix.country: a list of values is needed, and this is an empty list (write as in country: [de, fr], or country: [{name: de, folder: "in/germany"}])'),
        ("{country: [de, null]}", "", '3:24: matrix.country[1]: a value is text, a number, true or false, or a mapping with a name, and this is nothing (write as in country: [de, fr], or country: [{name: de, folder: "in/germany"}])'),
        ("{country: [de, fr, de]}", "", "3:28: matrix.country[2]: the value de is written twice (the first one is in line 3)"),
        ("{country: [de], include: [{country: fr}]}", "", "3:25: matrix.include: no values of a matrix are called include (write every value under its name, and leave combinations out by exclude:)"),
        ("{a-b: [de]}", "", "3:10: matrix.a-b: no values of a matrix are called a-b (a name here has letters, digits and _, and begins with no digit)"),
        ("{country: [de], exclude: [{contry: de}]}", "", "3:36: matrix.exclude[0].contry: the matrix has no contry (did you mean country?)"),
        ("{country: [de], exclude: [{country: fr}]}", "", "3:45: matrix.exclude[0].country: country has no value fr (it has de)"),
        ("{country: [de], exclude: {country: de}}", "", "3:34: matrix.exclude: a list is needed, and this is a mapping (write as in exclude: [{country: fr, kind: receipts}])"),
        ("{country: [de], exclude: [{}]}", "", "3:35: matrix.exclude[0]: a mapping of names to values is needed, and this is an empty one (write as in {country: fr, kind: receipts})"),
        ("{country: [de], exclude: [{country: de}]}", "", "3:9: matrix: exclude leaves no cell (leave fewer out)"),
        ("{country: [de]}", "labels: {x: '{{ matrix.contry }}'}\n", "4:13: labels.x: matrix.contry is not known (did you mean matrix.country?)"),
        ("{country: [de]}", "labels: {'{{ matrix.country }}': x}\n", "4:10: labels['{{ matrix.country }}']: nothing is filled into a key (write the key itself)"),
        ("{country: ['{{ matrix.kind }}']}", "", "3:20: matrix.country[0]: matrix.kind stands in a value of the matrix, where nothing is filled in (write the value itself)"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_at_its_place(matrix: str, rest: str, told: str) -> None:
    assert problems(matrix, f"{rest}source: {{include: x}}\n{SINK}") == [told]


def test_what_one_cell_lacks_is_told_with_its_name() -> None:
    rest = "labels: {x: 'in {{ matrix.c.folder }}'}\nsource: {include: x}\n" + SINK
    assert problems("{c: [{name: de, folder: x}, {name: fr, foldr: y}, it]}", rest) == [
        "4:13: labels.x: matrix.c.folder is not defined for fr, in job a-fr of jobs/a.yaml:1 (did you mean matrix.c.foldr?)",
        "4:13: labels.x: matrix.c.folder is not defined for it, in job a-it of jobs/a.yaml:1 (matrix.c is text, and has no parts)",
    ]
    assert problems("{c: [{name: de, folder: [x]}]}", rest) == [
        "4:13: labels.x: matrix.c.folder is a list, and stands in a text, in job a-de of jobs/a.yaml:1 (name a part of it, or let it be all of the value)"
    ]


def test_a_wrong_value_is_told_where_it_stands_and_a_wrong_text_once() -> None:
    rest = "priority: '{{ matrix.p }}'\ntimeout: 5\nsource: {include: x}\n" + SINK
    (alone,) = problems("{p: [5]}", rest)
    assert problems("{p: [5, 200, 300]}", rest) == [
        "3:17: priority: this must be at most 100, in job a-200 of jobs/a.yaml:1",
        "3:22: priority: this must be at most 100, in job a-300 of jobs/a.yaml:1",
        alone.replace("in job a-5", "in 3 jobs, first a-5"),
    ]


def test_cells_of_one_name_are_refused() -> None:
    assert problems("{country: [de, fr], kind: [x]}", name="'b-{{ matrix.kind }}'") == [
        (
            "2:7: name: the cells (de, x) and (fr, x) have one name, b-x, in job b-x of jobs/a.yaml:1"
            " (name the values in it, as in name: invoices-{{ matrix.country }}-{{ matrix.kind }})"
        )
    ]


def test_a_value_of_which_no_name_can_be_made_is_told() -> None:
    (told,) = problems("{country: ['日本']}")
    assert "no part of a name can be made of the value 日本" in told
    assert names("{country: ['日本']}", name='\'{{ matrix.country | replace("日本", "jp") }}\'') == ["jp"]


def test_a_name_that_is_none_is_told_for_its_cell() -> None:
    assert problems("{country: [DE]}", name="'a-{{ matrix.country }}'") == [
        (
            "2:7: name: a name has small letters, digits, - and _, and begins with a letter or digit,"
            " in job a-DE of jobs/a.yaml:1 (such as a-de)"
        )
    ]


def test_what_clashes_between_cells_is_told_with_their_names() -> None:
    rest = SOURCE + "sink: [{type: jsonl, path: out/all.jsonl}]\n"
    assert problems("{country: [de, fr]}", rest) == [
        (
            "5:28: sink[0].path: job a-de writes to the same place, in job a-fr of jobs/a.yaml:1"
            " (name the job in the path, as in out/{{ job.name }}, or choose another table)"
        )
    ]


def test_values_are_named_where_there_is_no_matrix() -> None:
    write(
        {
            "jobs/a.yaml": f"{HEAD}name: a\nlabels: {{x: 'in {{{{ matrix.x }}}}'}}\nsource: {{include: x}}\n{SINK}"
        }
    )
    with pytest.raises(SpecError, match=r"matrix\.x is not known: the job has no matrix"):
        load()


@pytest.mark.parametrize(
    ("bounds", "told"),
    [
        (LargestSpecs(jobs=5), "5 jobs of matrices"),
        (LargestSpecs(made=500), "500 characters, fragments and matrices written out"),
    ],
)
def test_what_a_matrix_comes_to_is_bounded_before_it_is_made(
    monkeypatch: pytest.MonkeyPatch, bounds: LargestSpecs, told: str
) -> None:
    monkeypatch.setattr("docbatch.specs.load.OWN", bounds)
    assert problems("{country: [a, b, c], kind: [x, y]}")[0].split(" (")[0].endswith(f"more than {told}")


def test_a_matrix_that_would_never_end_is_refused_at_once() -> None:
    values = "[" + ", ".join(f"v{number}" for number in range(100)) + "]"
    axes = ", ".join(f"a{number}: {values}" for number in range(40))
    rest = f"source: {{include: x}}\n{SINK}"
    assert "more than 10,000 jobs of matrices" in problems(f"{{{axes}}}", rest)[0]
    assert calls(lambda: problems(f"{{{axes}}}", rest)) < 500_000


def test_texts_that_grow_are_counted_before_they_do() -> None:
    long = "x" * 900_000
    rest = f"labels: {{x: '{'{{ matrix.c }}' * 60}'}}\nsource: {{include: x}}\n{SINK}"
    assert "more than 16,777,216 characters" in problems(f"{{c: [{long}]}}", rest)[0]
