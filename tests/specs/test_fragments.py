"""Jobs that extend fragments: what they come to, and where it is told that something is wrong."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from docbatch.core.errors import SpecError, UsageError
from docbatch.specs.load import load_jobs, load_project
from docbatch.specs.size import LargestSpecs
from docbatch.specs.values import Job
from tests.steps import calls

ID = "project: {id: ptestproject1}\n"
HEAD = "apiVersion: docbatch/v1\n"
BASE = """\
source:
  include: "in/*.pdf"
  exclude: ["in/draft-*"]
config: {ocr: "off", languages: [deu]}
sink:
  - {type: files, path: "out/{{ job.name }}/{{ doc.path }}.md"}
"""


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write({"docbatch.yaml": ID}, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(files: Mapping[str, str], root: Path | None = None) -> None:
    for name, text in files.items():
        path = (root or Path.cwd()) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def job(text: str = "", *, name: str = "a", extends: str = "base.yaml") -> str:
    return f"{HEAD}name: {name}\nextends: {extends}\n{text}"


def load(*paths: str, untrusted: bool = False) -> tuple[Job, ...]:
    return load_jobs(load_project(Path.cwd(), untrusted=untrusted), [Path(path) for path in paths])


def problems(*paths: str, untrusted: bool = False) -> list[str]:
    with pytest.raises(SpecError) as refused:
        load(*paths, untrusted=untrusted)
    return [str(problem) for problem in refused.value.problems]


def same(one: Job, other: Job) -> bool:
    return one == other and one.sinks == other.sinks and one.identity_config == other.identity_config


@pytest.mark.parametrize(
    ("own", "whole"),
    [
        ("", BASE),
        ("priority: 5\n", f"priority: 5\n{BASE}"),
        ("config: {ocr: auto}\n", BASE.replace('ocr: "off"', "ocr: auto")),
        ("config: {languages: [eng]}\n", BASE.replace("[deu]", "[eng]")),
        ("config: {ocr: null}\n", BASE.replace('ocr: "off", ', "")),
        ("config: null\n", BASE.replace('config: {ocr: "off", languages: [deu]}\n', "")),
        ("source: {exclude: null}\n", BASE.replace('  exclude: ["in/draft-*"]\n', "")),
        ("source: {include: 'x/*'}\n", BASE.replace('"in/*.pdf"', "'x/*'")),
        (
            "sink: [{type: jsonl, path: out/a.jsonl}]\n",
            BASE.partition("sink:")[0] + "sink: [{type: jsonl, path: out/a.jsonl}]\n",
        ),
    ],
)
def test_a_job_is_what_it_would_be_written_out(own: str, whole: str) -> None:
    write({"base.yaml": BASE, "jobs/a.yaml": job(own)})
    (composed,) = load()
    write({"jobs/a.yaml": f"{HEAD}name: a\n{whole}"})
    (plain,) = load()

    assert same(composed, plain)


def test_later_fragments_win_over_earlier_ones_and_the_job_over_all() -> None:
    write(
        {
            "one.yaml": f"{HEAD}priority: 1\ntimeout: 1h\nlabels: {{a: one, b: one, c: one}}\n{BASE}",
            "two.yaml": "priority: 2\ntimeout: 2h\nlabels: {b: two, c: two}\n",
            "jobs/a.yaml": job("priority: 3\nlabels: {c: own}\n", extends="[one.yaml, two.yaml]"),
        }
    )
    (found,) = load()

    assert (found.priority, found.timeout) == (3, 7200)
    assert found.labels == {"a": "one", "b": "two", "c": "own"}


def test_fragments_extend_fragments_and_share_one() -> None:
    write(
        {
            "base.yaml": BASE,
            "left.yaml": "extends: base.yaml\nlabels: {side: left, left: x}\n",
            "right.yaml": "extends: base.yaml\nlabels: {side: right}\n",
            "jobs/a.yaml": job(extends="[left.yaml, right.yaml]"),
        }
    )
    (found,) = load()

    assert found.labels == {"side": "right", "left": "x"}


def test_a_fragment_below_jobs_that_is_extended_is_no_job() -> None:
    write({"jobs/base.yaml": BASE, "jobs/a.yaml": job(extends="jobs/base.yaml")})
    assert [job.name for job in load()] == ["a"]
    assert [job.name for job in load("jobs/a.yaml")] == ["a"]
    assert [job.name for job in load("jobs")] == ["a"]


def test_a_fragment_below_jobs_that_nothing_extends_is_told() -> None:
    write({"jobs/base.yaml": f"{HEAD}{BASE}"})
    assert problems() == [
        "jobs/base.yaml:1:1: name is missing (the job's name, unique in the project; what jobs extend has none)"
    ]


@pytest.mark.parametrize("asked", ["jobs/base.yaml", "fragments"])
def test_who_asks_for_fragments_alone_is_told_that_they_are_no_jobs(asked: str) -> None:
    write(
        {
            "jobs/base.yaml": BASE,
            "fragments/base.yaml": BASE,
            "jobs/a.yaml": job(extends="[fragments/base.yaml, jobs/base.yaml]"),
        }
    )
    shown = asked if asked.endswith("yaml") else f"{asked}/base.yaml"
    assert problems(asked) == [
        f"{shown}: this is a fragment, and no job: jobs/a.yaml:3 extends it (name files of jobs, or no file for all of them)"
    ]


def test_a_job_cannot_be_extended_and_stays_one() -> None:
    write({"jobs/a.yaml": f"{HEAD}name: a\n{BASE}", "jobs/b.yaml": job(name="b", extends="jobs/a.yaml")})
    assert problems() == [
        (
            "jobs/a.yaml:2:7: name: a fragment has no name: each job that extends it has its own, in job b of jobs/b.yaml:1"
            " (remove the key; what has a name is a job, which none extends)"
        )
    ]
    assert [job.name for job in load("jobs/a.yaml")] == ["a"]


def test_a_job_has_its_version_itself() -> None:
    write({"base.yaml": HEAD + BASE, "jobs/a.yaml": "name: a\nextends: base.yaml\n"})
    assert problems() == [
        "jobs/a.yaml:1:1: apiVersion is missing (begin the spec with apiVersion: docbatch/v1)"
    ]


def test_a_problem_in_a_fragment_is_told_there_once_with_how_many_jobs_have_it() -> None:
    write({"base.yaml": f"{BASE}priority: 200\nlables: {{a: b}}\n"})
    write({f"jobs/{name}.yaml": job(name=name) for name in "abc"})
    assert problems() == [
        "base.yaml:7:11: priority: this must be at most 100, in 3 jobs, first a of jobs/a.yaml:1",
        "base.yaml:8:1: lables: the key lables is not known, in 3 jobs, first a of jobs/a.yaml:1 (did you mean labels?)",
    ]
    write({"jobs/a.yaml": job("priority: 1\n")})
    assert any("priority" in each and "in 2 jobs, first b of jobs/b.yaml:1" in each for each in problems())


def test_problems_stand_in_the_file_they_are_in() -> None:
    write(
        {
            "base.yaml": BASE.replace('ocr: "off"', "ocr: never"),
            "jobs/a.yaml": job("priority: 0\nsource: {include: /abs/*}\nlimits: [{per: week, pages: 1}]\n"),
        }
    )
    said = problems()
    assert [line.split(" ")[0] for line in said] == [
        "jobs/a.yaml:4:11:",
        "jobs/a.yaml:5:19:",
        "jobs/a.yaml:6:16:",
        "base.yaml:4:15:",
    ]


PARTS = {
    "source": "source: {include: 'in/*.pdf'}",
    "config": "config: {ocr: 'off'}",
    "sink": "sink: [{type: files, path: 'out/{{ job.name }}/{{ doc.path }}'}]",
}


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("source: {include: '/x/*'}", "19: source.include"),
        ("source: {include: 'in/*', root: .docbatch}", "33: source.root"),
        ("source: {urls: ['no link']}", "17: source.urls[0]"),
        ("source: {include: 'in/*', where: {pages: {min: 5, max: 1}}}", "42: source.where.pages"),
        ("sink: [{type: files, path: 'out/{{ doc.nme }}'}]", "28: sink[0].path"),
        ("sink: [{type: files, path: '/'}]", "28: sink[0].path"),
        ("provider: nobody", "11: provider"),
        ("operation: split", "12: operation"),
        ("manifest: '{{ doc.path }}'", "11: manifest"),
        ("deadline: 2d", "11: deadline"),
        ("limits: [{per: month, money: 5 EUR}]", "30: limits[0].money"),
        ("config: {timeout: never}", "19: config.timeout"),
        ("config: {nothing: 1}", "10: config.nothing"),
        ("passwords: secret-of-mine", "12: passwords"),
    ],
)
def test_every_check_names_the_fragments_line(line: str, place: str) -> None:
    others = [text for name, text in PARTS.items() if not line.startswith(name)]
    write({"base.yaml": "\n".join([*others, line, ""]), "jobs/a.yaml": job()})
    said = problems()
    assert len(said) == 1
    assert said[0].startswith(f"base.yaml:{len(others) + 1}:{place}: ")
    assert "in job a of jobs/a.yaml:1" in said[0]
    assert "secret-of-mine" not in said[0]


def test_a_source_of_two_kinds_by_two_files_says_how_one_is_taken_away() -> None:
    write({"base.yaml": f"source:\n  urls: [https://a.b/c]\n{BASE.partition('config')[1]}: {{}}\n"})
    write({"jobs/a.yaml": job("source: {include: '*.pdf'}\nsink: [{type: jsonl, path: out/a}]\n")})
    assert problems() == [
        (
            "jobs/a.yaml:4:10: source.include: the key include cannot stand beside urls, which base.yaml:2 says"
            " (take away the one that is not meant, in the file that extends the other: include: null, or urls: null)"
        )
    ]
    write(
        {"jobs/a.yaml": job("source: {include: '*.pdf', urls: null}\nsink: [{type: jsonl, path: out/a}]\n")}
    )
    assert load()[0].source.include == ("*.pdf",)


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"base.yaml": "extends: other.yaml\n", "other.yaml": "extends: base.yaml\n"},
         "other.yaml:1:10: extends: this extends itself, in job a of jobs/a.yaml:1 (remove one of them: base.yaml → other.yaml → base.yaml)"),
        ({"base.yaml": "- 1\n"}, "jobs/a.yaml:3:10: extends: base.yaml holds a list (a fragment is one mapping, with any part of a job but its name)"),
        ({"base.yaml": "a: 1\n---\nb: 1\n"}, "jobs/a.yaml:3:10: extends: base.yaml holds 2 documents (a fragment is one mapping, with any part of a job but its name)"),
        ({"base.yaml": "# empty\n"}, "jobs/a.yaml:3:10: extends: base.yaml holds nothing (a fragment is one mapping, with any part of a job but its name)"),
        ({"bse.yaml": ""}, "jobs/a.yaml:3:10: extends: there is no file base.yaml (did you mean bse.yaml?)"),
        ({"x.txt": ""}, "jobs/a.yaml:3:10: extends: there is no file base.yaml (paths are relative to the project root)"),
        ({"jobs/base.yaml": BASE}, "jobs/a.yaml:3:10: extends: there is no file base.yaml (paths are relative to the project root: write jobs/base.yaml)"),
        ({"base.yaml": "apiVersion: docbatch/v2\n"}, "base.yaml:1:13: apiVersion: this must be docbatch/v1, in job a of jobs/a.yaml:1"),
        ({"base.yaml": "extends: 5\n"}, "base.yaml:1:10: extends: the path of a fragment is needed, and this is a number, in job a of jobs/a.yaml:1 (write it as in fragments/base.yaml, relative to the project root)"),
        ({"base.yaml": "extends: []\n"}, "base.yaml:1:10: extends: one file extends 1 to 20 fragments, and these are 0, in job a of jobs/a.yaml:1 (name some, remove the key, or have a fragment extend several of them)"),
        ({"base.yaml": "a: &x [*x]\n"}, "base.yaml:1:8: a[0]: this alias refers to the value that contains it, in job a of jobs/a.yaml:1 (write the value out)"),
    ],
)  # fmt: skip
def test_what_keeps_a_job_from_extending_is_told_where_it_is(files: Mapping[str, str], told: str) -> None:
    write({**files, "jobs/a.yaml": job()})
    said = problems("jobs/a.yaml")
    assert said == [told]


def test_all_that_is_wrong_with_several_fragments_is_told_at_once() -> None:
    write({"base.yaml": "[]\n", "jobs/a.yaml": job(extends="[no.yaml, base.yaml, '~/x.yaml', s3://x/y]")})
    assert [line.partition(": ")[0] for line in problems()] == [
        "jobs/a.yaml:3:11",
        "jobs/a.yaml:3:20",
        "jobs/a.yaml:3:31",
        "jobs/a.yaml:3:43",
    ]


def test_a_chain_of_fragments_has_an_end_wherever_one_begins() -> None:
    write({f"f{number}.yaml": f"extends: f{number + 1}.yaml\n" for number in range(9)})
    write(
        {
            "f9.yaml": BASE,
            "jobs/a.yaml": job(extends="f2.yaml"),
            "jobs/b.yaml": job(name="b", extends="f1.yaml"),
        }
    )
    (told,) = problems()
    assert "fragments extend each other more than 8 deep" in told
    assert "job b" in told
    assert [job.name for job in load("jobs/a.yaml")] == ["a"]


def test_a_link_out_of_the_project_is_no_fragment(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "base.yaml"
    elsewhere.write_text(BASE)
    (root / "base.yaml").symlink_to(elsewhere)
    write({"jobs/a.yaml": job()})
    assert problems() == [
        "jobs/a.yaml:3:10: extends: this is a link that leads out of the project (put the file itself there)"
    ]


def test_a_project_that_is_not_trusted_extends_its_own_files(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "base.yaml"
    elsewhere.write_text(BASE)
    write({"jobs/a.yaml": job(extends=str(elsewhere))})
    assert [job.name for job in load()] == ["a"]
    assert problems(untrusted=True) == [
        "jobs/a.yaml:3:10: extends: this lies outside of the project (a repository that is not trusted names its own files only)"
    ]


def test_a_pipe_is_no_fragment(root: Path) -> None:
    os.mkfifo(root / "base.yaml")
    write({"jobs/a.yaml": job()})
    assert problems() == [
        "jobs/a.yaml:3:10: extends: base.yaml: this is not a regular file (name a text file)"
    ]


def test_what_fragments_come_to_is_bounded_before_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("docbatch.specs.load.OWN", LargestSpecs(made=3000))
    write({"base.yaml": BASE + f"labels: {{a: {'x' * 900}}}\n"})
    write({f"jobs/{name}.yaml": job(name=name) for name in "abcd"})
    assert [line.split(" (")[0] for line in problems()] == [
        "jobs/c.yaml:1:1: the specs of the project have more than 3,000 characters, fragments and matrices written out"
    ]


def test_a_fragment_is_read_once_however_many_jobs_extend_it() -> None:
    big = BASE + "".join(f"# {number}\n" for number in range(2000)) + "labels: {a: b}\n"
    write({"base.yaml": big, **{f"jobs/{number}.yaml": job(name=f"j{number}") for number in range(5)}})
    few = calls(load)
    write({f"jobs/{number}.yaml": job(name=f"j{number}") for number in range(5, 10)})

    assert calls(load) < 2.2 * few


def test_a_folder_that_is_not_there_is_told_as_before() -> None:
    with pytest.raises(UsageError, match="there is no folder jobs"):
        load()


def test_a_limit_says_the_fragment_it_is_in() -> None:
    write({"base.yaml": f"{BASE}limits: [{{per: run, documents: 5}}]\n", "jobs/a.yaml": job()})
    assert [limit.place for limit in load()[0].limits] == ["base.yaml:7"]
