from collections.abc import Sequence
from pathlib import Path

import pytest

from docbatch.core.errors import Problem, SpecError
from docbatch.sources.globs import compile_globs
from docbatch.specs.load import load_jobs, load_project
from docbatch.specs.overlap import samples
from docbatch.specs.readers import ReaderGroup, reader_groups
from docbatch.specs.values import JobSource
from tests.steps import calls


def source(*include: str, exclude: tuple[str, ...] = ()) -> JobSource:
    return JobSource(Path("/"), include, exclude)


@pytest.mark.parametrize(
    ("pattern", "some"),
    [
        ("report.pdf", [b"report.pdf"]),
        ("*.pdf", [b"x.pdf"]),
        ("inbox/**/*.{pdf,docx}", [b"inbox/x.pdf", b"inbox/x/x.docx", b"inbox/x/y/x.pdf"]),
        ("**", [b"x", b"x.md", b"x/y.pdf"]),
        ("a*/[0-9]?.eml", [b"ax/0x.eml"]),
        ("[!x]*.txt", []),
        (r"a\*b.md", [b"a*b.md"]),
        ("in/*", [b"in/x", b"in/x.md"]),
    ],
)
def test_samples_show_every_shape_a_pattern_has(pattern: str, some: list[bytes]) -> None:
    assert set(some) <= set(samples(source(pattern)))


@pytest.mark.parametrize("pattern", ["**/*.{a,b}/**/[x-z]*/?", "{1..40}/**/*", "**/**/**", "a/"])
def test_samples_are_selected_and_few(pattern: str) -> None:
    found = samples(source(pattern, exclude=("**/y*",)))
    globs = compile_globs((pattern,), ("**/y*",))
    assert 0 < len(found) <= 64
    assert all(globs(path) for path in found)


def refusals(tmp_path: Path, *jobs: tuple[str, str]) -> list[str]:
    """Load jobs given as source and sink, and return what is wrong."""
    return [problem.message for problem in problems(tmp_path, *jobs)]


def problems(tmp_path: Path, *jobs: tuple[str, str]) -> Sequence[Problem]:
    texts = [
        f"apiVersion: docbatch/v1\nname: j{index}\nsource: {{{source}}}\nsink: [{{{sink}}}]\n"
        for index, (source, sink) in enumerate(jobs)
    ]
    (tmp_path / "all.yaml").write_text("---\n".join(texts))
    try:
        load_jobs(load_project(tmp_path), [tmp_path / "all.yaml"])
    except SpecError as error:
        return error.problems
    return []


FILES = "type: files, path: 'out/{{ doc.path }}.md'"


@pytest.mark.parametrize(
    ("source", "sink"),
    [
        ("include: 'inbox/**/*.pdf'", FILES),
        ("include: '**/*.pdf'", FILES),
        ("include: '**/*.md', exclude: 'out/**'", FILES),
        ("root: in, include: '**'", FILES),
        ("include: '*.md'", "type: files, path: 'out/{{ doc.path }}'"),
        ("include: '**/*.pdf'", "type: sqlite, path: out/a.db"),
        ("include: '**/*.md'", "type: files, path: '.parsed/{{ doc.name }}.md'"),
        ("include: '*'", "type: files, path: 'out/{{ doc.suffix }}'"),
        ("include: 'in/*/*.md'", "type: files, path: 'in/{{ doc.name }}'"),
    ],
)
def test_outputs_beside_the_sources_are_fine(source: str, sink: str, tmp_path: Path) -> None:
    assert refusals(tmp_path, (source, sink)) == []


@pytest.mark.parametrize(
    ("source", "sink"),
    [
        ("include: '**/*.md'", FILES),
        ("include: '**'", FILES),
        ("include: '*.md'", "type: files, path: '{{ doc.path }}'"),
        ("include: '*'", "type: files, path: '{{ doc.stem }}.txt'"),
        ("include: 'in/*.{pdf,txt}'", "type: files, path: 'in/{{ doc.stem }}.txt'"),
        ("root: out, include: '**/*.md'", FILES),
        ("root: ., include: '**/*.MD'", "type: files, path: 'out/{{ doc.path | upper }}'"),
        ("include: '**/*.db'", "type: sqlite, path: out/a.db"),
        ("include: '.parsed/*', hidden: true", "type: files, path: '.parsed/{{ doc.name }}.md'"),
    ],
)
def test_an_output_that_a_source_would_read_is_refused(source: str, sink: str, tmp_path: Path) -> None:
    (message,) = refusals(tmp_path, (source, sink))
    assert "would be read as a document by the job's own source" in message


@pytest.mark.parametrize(
    ("source", "sink", "hint"),
    [
        ("include: '**'", "type: jsonl, path: out/a.jsonl", 'exclude: ["out/**"] there'),
        ("include: 'in/**'", "type: parquet, path: in/rows", 'exclude: ["in/rows/**"] there'),
        ("include: 'in/**'", "type: parquet, path: in/sub/rows", 'exclude: ["in/sub/**"] there'),
        ("include: 'in/**'", "type: jsonl, path: in/a.jsonl", "write into a folder of its own"),
        ("include: 'in/*'", "type: files, path: 'in/{{ doc.stem }}.txt'", "write into a folder of its own"),
    ],
)
def test_what_to_exclude_leaves_the_documents(source: str, sink: str, hint: str, tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, (source, sink))
    assert problem.hint is not None
    assert problem.hint.startswith(hint)
    if hint.startswith("exclude"):
        exclude = hint.removesuffix(" there")
        assert problems(tmp_path, (f"{source}, {exclude}", sink)) == []


def test_another_jobs_source_counts_as_well(tmp_path: Path) -> None:
    said = refusals(
        tmp_path, ("include: '*.pdf'", FILES), ("root: out, include: '*.md'", "type: jsonl, path: a.jsonl")
    )
    assert said == ["an output such as out/x.pdf.md would be read as a document by the source of job j1"]


def test_what_jobs_do_that_were_not_selected_is_not_told(tmp_path: Path) -> None:
    (tmp_path / "jobs").mkdir()
    refusals(tmp_path / "jobs", ("include: '**/*.md'", FILES))
    (tmp_path / "docbatch.yaml").write_text("project: {id: ptestproject1}\n")
    (tmp_path / "mine.yaml").write_text(
        "apiVersion: docbatch/v1\nname: mine\nsource: {include: '*.pdf'}\nsink: [{type: jsonl, path: a}]\n"
    )
    assert len(load_jobs(load_project(tmp_path), [tmp_path / "mine.yaml"])) == 1


def test_a_sink_that_several_jobs_would_read_is_told_once(tmp_path: Path) -> None:
    other = ("root: out, include: '*.md'", "type: jsonl, path: '{}.jsonl'")
    said = refusals(
        tmp_path,
        ("include: '*.pdf'", FILES),
        *((other[0], other[1].format(name)) for name in ("a", "b", "c")),
    )
    assert said == [
        "an output such as out/x.pdf.md would be read as a document by the source of job j1 and by those of 2 more"
    ]


def test_of_the_sources_of_one_root_those_are_told_that_would_read_a_file() -> None:
    sources = [
        source("**/*.md"),
        source("out/*.md", exclude=("out/a*",)),
        source("*/*", exclude=("**/*.md",)),
        JobSource(Path("/"), (".out/*",), hidden=True),
    ]
    group = ReaderGroup({each: [f"j{number}"] for number, each in enumerate(sources)})

    for path in (b"out/a.md", b"out/b.md", b"out/b.txt", b".out/.b", b"a.md", b".docbatch/a.md"):
        alone = [
            f"j{number}"
            for number, each in enumerate(sources)
            if compile_globs(each.include, each.exclude, hidden=each.hidden)(path)
        ]
        assert group.selecting(path) == alone or (not alone and not group.selecting(path))


SORTS = {
    "one source": "include: '**/*.pdf'",
    "suffixes": "root: in, include: '**/*-{}.pdf'",
    "several wildcards": "include: 'in/*a*[0-9]{}*.pdf'",
    "exclusions": "include: '**/*', exclude: ['out/**', 'x{}/**']",
    "several anywhere": "include: '**/*a*_{}_*.pdf'",
}


@pytest.mark.parametrize("sort", SORTS)
def test_the_work_of_comparing_grows_no_faster_than_the_jobs(tmp_path: Path, sort: str) -> None:
    def work(number: int) -> float:
        jobs = [(SORTS[sort].format(each), FILES) for each in range(number)]
        return calls(lambda: refusals(tmp_path, *jobs)) / number

    work(2)
    assert work(120) < 1.5 * work(30)


def test_patterns_that_cannot_be_compared_in_time_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docbatch.specs.readers.MOST_TRIED", 1_000)
    jobs = [(f"include: '**/*.[m]d{each}*'", FILES) for each in range(30)]
    assert [said.split(" are ")[0] for said in refusals(tmp_path, *jobs)] == [
        "patterns with several wildcards in a name"
    ]


def test_tables_of_one_database_are_compared_in_linear_work(tmp_path: Path) -> None:
    def work(number: int) -> float:
        jobs = [
            ("include: '*.pdf'", f"type: sqlite, path: out/a.db, table: t{each}") for each in range(number)
        ]
        return calls(lambda: refusals(tmp_path, *jobs)) / number

    work(2)
    assert work(120) < 1.5 * work(30)


@pytest.mark.parametrize(("link", "folder"), [("out", "letters"), ("letters", "out")])
def test_a_link_does_not_hide_the_overlap(link: str, folder: str, tmp_path: Path) -> None:
    (tmp_path / folder).mkdir()
    (tmp_path / link).symlink_to(folder)
    assert len(refusals(tmp_path, ("root: letters, include: '*.md'", FILES))) == 1


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        ("type: jsonl, path: out/a", "type: jsonl, path: ./out//a", True),
        ("type: jsonl, path: out/a", "type: jsonl, path: OUT/A", True),
        ("type: jsonl, path: out/a", "type: sqlite, path: out/a", True),
        ("type: sqlite, path: out/a", "type: sqlite, path: out/a, table: Documents", False),
        ("type: sqlite, path: out/a", "type: sqlite, path: out/a, table: others", False),
        ("type: sqlite, path: out/a, table: b", "type: sqlite, path: out/b, table: b", False),
        ("type: jsonl, path: 'out/{{ job.name }}'", "type: jsonl, path: 'out/{{ job.name }}'", False),
    ],
)
def test_two_jobs_do_not_share_a_file_or_table(one: str, other: str, clash: bool, tmp_path: Path) -> None:
    said = refusals(tmp_path, ("include: '*.pdf'", one), ("include: '*.pdf'", other))
    assert said == (["job j0 writes to the same place"] if clash else [])


@pytest.mark.parametrize(
    ("sinks", "clash"),
    [
        ("type: jsonl, path: out/a}, {type: sqlite, path: out//a", True),
        ("type: sqlite, path: out/a}, {type: sqlite, path: out/a", True),
        ("type: sqlite, path: out/a}, {type: sqlite, path: out/a, table: b", False),
        (f"{FILES}}}, {{type: files, path: 'out/{{{{ doc.path }}}}.txt'", False),
    ],
)
def test_the_sinks_of_one_job_are_apart(sinks: str, clash: bool, tmp_path: Path) -> None:
    said = refusals(tmp_path, ("include: '*.pdf'", sinks))
    assert said == (["this sink writes to the same place as sink 1"] if clash else [])


def test_what_lies_in_a_bucket_is_read_by_its_place_there(tmp_path: Path) -> None:
    (tmp_path / "docbatch.yaml").write_text(
        "project: {id: pabcdef012345}\nstores: {lake: {type: s3, bucket: docs}, disk: {type: folder, path: .}}\n"
    )

    assert refusals(tmp_path, ("store: lake, prefix: in/, include: '**'", FILES)) == []
    assert refusals(tmp_path, ("store: disk, include: '**/*.md'", FILES)) != []

    (tmp_path / "all.yaml").write_text(
        "apiVersion: docbatch/v1\nname: j\nsource: {store: lake, prefix: in/, include: '**'}\n"
        f"sink: [{{{FILES}}}]\n"
    )
    ((place, group),) = reader_groups(load_jobs(load_project(tmp_path), [tmp_path / "all.yaml"])).items()
    assert place == b"s3://docs/in/"
    assert group.selecting(b"out/a.md") == ["j"]
