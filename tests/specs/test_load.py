import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from docbatch.core.errors import SpecError, UsageError
from docbatch.core.models import Operation
from docbatch.naming.templates import doc_fields
from docbatch.secret_references import FileReference
from docbatch.specs.load import MOST_COUNTED, load_jobs, load_project, passed_over
from docbatch.specs.problems import MOST_SHOWN
from docbatch.specs.values import FilePlace, Job
from tests.steps import calls

JOB = """
apiVersion: docbatch/v1
name: {name}
source: {{include: '{include}'}}
sink: [{{type: files, path: 'out/{name}/{{{{ doc.path }}}}.md'}}]
"""
ID = "project: {id: ptestproject1}\n"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "jobs").mkdir()
    (tmp_path / "docbatch.yaml").write_text(ID)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def job(name: str, include: str = "*.pdf") -> str:
    return JOB.format(name=name, include=include)


def load(*paths: str) -> tuple[Job, ...]:
    return load_jobs(load_project(Path.cwd()), [Path(path) for path in paths])


def problems(*paths: str) -> list[str]:
    with pytest.raises(SpecError) as refused:
        load(*paths)
    return [str(problem) for problem in refused.value.problems]


def test_the_project_is_found_from_a_folder_below_it(root: Path) -> None:
    (root / "a" / "b").mkdir(parents=True)
    project = load_project(root / "a" / "b")
    assert (project.root, project.id) == (root, "ptestproject1")


def test_without_a_project_file_the_folder_is_the_root(root: Path) -> None:
    (root / "docbatch.yaml").unlink()
    project = load_project(root / "jobs")
    assert (project.root, project.id, project.origin) == (root / "jobs", None, None)


def test_every_provider_is_a_connection_without_being_declared(root: Path) -> None:
    connections = load_project(root).connections
    assert [(name, known.type, known.declared) for name, known in connections.items()] == [
        (name, name, False) for name in ("local", "extend", "llamacloud", "extractpage")
    ]


def test_a_declared_connection_has_what_the_file_says(root: Path) -> None:
    (root / "docbatch.yaml").write_text(
        ID + "providers: {eu: {type: extend, base_url: 'https://api.eu1.extend.app/', recovery: {grace: 5}}}"
    )
    connection = load_project(root).connections["eu"]
    assert (connection.type, connection.base_url, connection.declared) == (
        "extend",
        "https://api.eu1.extend.app",
        True,
    )
    assert connection.recovery.grace == 5


def test_a_workspace_in_a_file_is_looked_for_in_the_root(root: Path) -> None:
    (root / "docbatch.yaml").write_text(ID + "providers: {extend: {workspace: {file: inside/name.txt}}}")

    connection = load_project(root / "jobs").connections["extend"]

    assert connection.workspace == FileReference(file=str(root / "inside" / "name.txt"))


def test_paths_and_messages_are_relative_to_where_the_project_was_looked_for(
    root: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "jobs" / "a.yaml").write_text(job("a"))
    (root / "jobs" / "b.yaml").write_text("a: 1\na: 2\n")
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))

    assert [each.name for each in load_jobs(load_project(root / "jobs"), [Path("a.yaml")])] == ["a"]
    with pytest.raises(SpecError, match=r"^b.yaml:2:1: "):
        load_jobs(load_project(root / "jobs"))
    with pytest.raises(SpecError, match=r"^jobs/b.yaml:2:1: "):
        load_jobs(load_project(root))
    with pytest.raises(UsageError, match=r"there is no file or folder c.yaml$"):
        load_jobs(load_project(root / "jobs"), [Path("c.yaml")])


def test_an_empty_project_file_is_refused_with_a_way_out(root: Path) -> None:
    (root / "docbatch.yaml").write_text("# nothing\n")
    assert problems() == [
        "docbatch.yaml: the project file is empty (move it away and run docbatch init, which writes one with a new project id)"
    ]


def test_a_second_document_in_the_project_file_is_refused(root: Path) -> None:
    (root / "docbatch.yaml").write_text(f"{ID}---\n{ID}")
    assert problems() == ["docbatch.yaml:3:1: a second document (a project file has exactly one)"]


def test_jobs_come_by_file_and_place_in_it(root: Path) -> None:
    (root / "jobs" / "z.yaml").write_text(job("first"))
    (root / "jobs" / "deep").mkdir()
    (root / "jobs" / "deep" / "a.yml").write_text(f"{job('third')}---{job('second')}")
    assert [each.name for each in load()] == ["third", "second", "first"]


@pytest.mark.parametrize("name", [".hidden.yaml", "notes.txt", "a.yaml.orig", ".git/config.yaml"])
def test_what_is_no_spec_is_left_alone(name: str, root: Path) -> None:
    (root / "jobs" / name).parent.mkdir(exist_ok=True)
    (root / "jobs" / name).write_text("- not a job\n")
    (root / "jobs" / "a.yaml").write_text(job("a"))
    assert [each.name for each in load("jobs")] == ["a"]


def test_a_file_is_read_once_however_often_it_is_named(root: Path) -> None:
    (root / "jobs" / "a.yaml").write_text(job("a"))
    (root / "jobs" / "link.yaml").symlink_to("a.yaml")
    assert len(load("jobs", "jobs/a.yaml", "./jobs/../jobs/a.yaml", str(root / "jobs"))) == 1


def test_a_named_file_may_have_any_name(root: Path) -> None:
    (root / "job.json").write_text(
        '{"apiVersion": "docbatch/v1", "name": "a", "source": {"include": "*"}, "sink": [{"type": "jsonl", "path": "out/a"}]}'
    )
    assert [each.name for each in load("job.json")] == ["a"]


def test_the_project_file_is_no_job(root: Path) -> None:
    (root / "a.yaml").write_text(job("a"))
    assert [each.name for each in load(".")] == ["a"]


def test_paths_are_relative_to_the_current_folder(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "jobs" / "a.yaml").write_text(job("a"))
    monkeypatch.chdir(root / "jobs")
    assert load("a.yaml")[0].source.root == root


@pytest.mark.parametrize("path", ["gone.yaml", "gone/"])
def test_a_path_that_is_not_there_is_a_usage_error(path: str, root: Path) -> None:
    with pytest.raises(UsageError, match="there is no file or folder gone"):
        load(path)


def test_a_named_folder_without_specs_is_a_usage_error(root: Path) -> None:
    with pytest.raises(UsageError, match=r"the folder jobs holds no \*\.yaml or \*\.yml file"):
        load("jobs")


def test_without_a_jobs_folder_init_is_recommended(root: Path) -> None:
    (root / "jobs").rmdir()
    with pytest.raises(UsageError, match="there is no folder jobs") as refused:
        load()
    assert "docbatch init" in str(refused.value.hint)


def test_an_empty_jobs_folder_has_no_jobs(root: Path) -> None:
    assert load() == ()


def test_an_empty_file_is_refused(root: Path) -> None:
    (root / "jobs" / "a.yaml").write_text("# later\n")
    assert problems() == [
        "jobs/a.yaml: the file holds no job (write a job into it, or remove the file; docbatch init shows one)"
    ]


def test_problems_of_all_files_come_at_once_in_order_of_place(root: Path) -> None:
    (root / "jobs" / "a.yaml").write_text("a: 1\na: 2\n")
    (root / "jobs" / "b.yaml").write_bytes(b"\x00")
    (root / "jobs" / "c.yaml").write_text(
        job("c").replace("docbatch/v1", "v1") + "provider: lokal\npriority: 0\n"
    )
    assert [problem.split(": ")[0] for problem in problems()] == [
        "jobs/a.yaml:2:1",
        "jobs/b.yaml",
        "jobs/c.yaml:2:13",
        "jobs/c.yaml:6:11",
        "jobs/c.yaml:7:11",
    ]


def test_thousands_of_problems_are_cut_short(root: Path) -> None:
    (root / "jobs" / "a.yaml").write_text("a: 1\n" * 5000)
    said = problems()
    assert len(said) == MOST_SHOWN + 1
    assert said[-1] == "jobs/a.yaml: and 4,799 more problems, not shown"


def test_what_is_not_shown_of_many_problems_is_not_worded(root: Path) -> None:
    """Finding out what was meant takes far longer than finding out that it is wrong."""
    few, many = (job("a") + "".join(f"k{index}: 1\n" for index in range(number)) for number in (200, 2000))
    (root / "jobs" / "a.yaml").write_text(few)
    before = calls(problems)
    (root / "jobs" / "a.yaml").write_text(many)

    assert calls(problems) < 3 * before
    assert problems()[-1] == "jobs/a.yaml: and 1,800 more problems, not shown"
    assert all("is not known" in each for each in problems()[:-1])


def test_once_there_are_too_many_problems_no_further_job_is_read(root: Path) -> None:
    wrong = job("a") + "".join(f"k{index}: 1\n" for index in range(MOST_COUNTED + 1))
    for name in ("a", "b"):
        (root / "jobs" / f"{name}.yaml").write_text(wrong)
    assert (
        problems()[-1]
        == f"jobs/a.yaml: and more than {MOST_COUNTED + 1 - MOST_SHOWN:,} more problems, not shown"
    )


def test_problems_of_the_project_file_are_cut_short_as_well(root: Path) -> None:
    (root / "docbatch.yaml").write_text("".join(f"k{index}: 1\n" for index in range(1000)))
    said = problems()
    assert len(said) == MOST_SHOWN + 1
    assert said[-1].endswith(" more problems, not shown")


@pytest.mark.parametrize("name", ["Jobs", "JOBS", "job"])
def test_a_folder_of_jobs_that_is_called_otherwise_is_named(root: Path, name: str) -> None:
    (root / "jobs").rename(root / name)
    with pytest.raises(UsageError, match="there is no folder jobs") as refused:
        load()
    assert refused.value.hint == f"rename {name}, which is there and is not read by itself"


@pytest.fixture
def deepest(root: Path) -> Iterator[Path]:
    """A folder deeper below jobs/ than functions may call themselves, taken away again: not every walk gets there."""
    folder = root / "jobs"
    for _ in range(1500):
        folder /= "d"
        folder.mkdir()
    yield folder
    for each in folder.iterdir():
        each.unlink()
    while folder.name == "d":
        folder.rmdir()
        folder = folder.parent


def test_specs_may_lie_as_deep_as_a_path_can_be(deepest: Path) -> None:
    (deepest / "a.yaml").write_text(job("deep"))
    (deepest / "b.json").write_text("{}")

    assert "deep" in [each.name for each in load()]
    assert passed_over(load_project(Path.cwd()))


def test_a_spec_that_is_a_link_to_itself_is_a_problem(root: Path) -> None:
    (root / "jobs" / "a.yaml").symlink_to("a.yaml")
    assert problems() == ["jobs/a.yaml: the file cannot be read: Too many levels of symbolic links"]


def test_a_file_outside_the_current_folder_is_named_in_full(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "jobs" / "a.yaml").write_text("[]")
    (root / "elsewhere").mkdir()
    monkeypatch.chdir(root / "elsewhere")
    assert problems()[0].startswith(f"{root}/jobs/a.yaml:1:1: a job is a mapping")


def test_a_file_name_that_is_no_text_can_be_shown(root: Path) -> None:
    (root / "jobs" / os.fsdecode(b"caf\xe9.yaml")).write_text("[]")
    assert problems()[0].startswith("jobs/caf\\xe9.yaml:1:1")


def _place(loaded: Job, sink: int = 0) -> FilePlace:
    place = loaded.sinks[sink].place
    assert isinstance(place, FilePlace)
    return place


def test_a_job_has_defaults_variables_and_absolute_paths(root: Path) -> None:
    (root / "docbatch.yaml").write_text(
        ID + "vars: {in: letters, v: 1.50}\n"
        "defaults: {priority: 7, timeout: 30m, sink: [{type: files, path: 'out/{{ vars.v }}/{{ doc.path }}'}]}\n"
    )
    (root / "jobs" / "a.yaml").write_text(
        "apiVersion: docbatch/v1\nname: a\nsource: {root: '{{ vars.in }}', include: '*.{{ vars.in }}'}\ntimeout: 2d\n"
    )
    (loaded,) = load()
    assert (loaded.priority, loaded.timeout, loaded.operation) == (7, 2 * 86_400, Operation.PARSE)
    assert (loaded.source.root, loaded.source.include) == (root / "letters", ("*.letters",))
    assert (_place(loaded).root, loaded.sinks[0].options.form) == (root / "out" / "1.50", "markdown")


def test_a_jobs_own_words_win_over_defaults(root: Path) -> None:
    (root / "docbatch.yaml").write_text(ID + "defaults: {priority: 7, provider: extend}\n")
    (root / "jobs" / "a.yaml").write_text(job("a") + "priority: 50\nprovider: local\n")
    (loaded,) = load()
    assert (loaded.priority, loaded.connection.name) == (50, "local")


def test_a_bad_default_is_told_where_it_is_written(root: Path) -> None:
    (root / "docbatch.yaml").write_text(ID + "defaults: {sink: [{type: jsonl, path: 'out/{{ vars.x }}'}]}\n")
    (root / "jobs" / "a.yaml").write_text("apiVersion: docbatch/v1\nname: a\nsource: {include: '*'}\n")
    assert problems() == [
        "docbatch.yaml:2:39: defaults.sink[0].path: vars.x is not defined (vars has no names)"
    ]


def test_config_is_what_the_user_set(root: Path) -> None:
    (root / "jobs" / "a.yaml").write_text(job("a") + "config: {timeout: 5, ocr: off}\n")
    (loaded,) = load()
    assert loaded.config == {"timeout": 5, "ocr": "off"}
    assert loaded.identity_config == {"ocr": "off"}


def test_config_is_judged_by_the_provider_of_the_defaults(root: Path) -> None:
    (root / "docbatch.yaml").write_text(ID + "providers: {lab: {type: local}}\ndefaults: {provider: lab}\n")
    (root / "jobs" / "a.yaml").write_text(job("a") + "config: {ocr: perhaps}\n")
    assert problems() == ["jobs/a.yaml:6:15: config.ocr: this must be one of auto, off, force"]


def test_a_job_can_place_later_problems(root: Path) -> None:
    (root / "jobs" / "a.yaml").write_text(job("a"))
    problem = load()[0].origin.problem(("source", "include", 0), "nothing matches", "look again")
    assert str(problem) == "jobs/a.yaml:4:19: source.include: nothing matches (look again)"


def test_an_output_lies_below_the_sinks_root(root: Path) -> None:
    (root / "jobs" / "a.yaml").write_text(job("a"))
    place = _place(load()[0])
    output = place.output(doc_fields(b"x/caf\xe9.pdf", sha256="0", size=1))
    assert (place.root, output, place.path) == (root / "out" / "a", b"x/caf\xe9.pdf.md", None)


def test_a_sink_for_the_whole_job_has_one_path(root: Path) -> None:
    (root / "jobs" / "a.yaml").write_text(
        "apiVersion: docbatch/v1\nname: a\nsource: {include: '*'}\n"
        "sink: [{type: jsonl, path: '../{{ job.name }}.jsonl'}, {type: sqlite, path: /srv/all.db, table: a}]\n"
    )
    loaded = load()[0]
    assert (_place(loaded, 0).path, _place(loaded, 0).root) == (root.parent / "a.jsonl", root.parent)
    assert (_place(loaded, 1).path, loaded.sinks[1].options.part) == (Path("/srv/all.db"), "a")


def test_a_sinks_identity_changes_with_place_and_form_alone(root: Path) -> None:
    def identity(sink: str, more: str = "") -> str:
        text = f"apiVersion: docbatch/v1\nname: a\nsource: {{include: '*.pdf'}}\nsink: [{sink}]\n{more}"
        (root / "jobs" / "a.yaml").write_text(text)
        return load()[0].sinks[0].identity

    first = identity("{type: files, path: 'out/{{ doc.path }}'}")
    assert identity("{path: 'out/{{doc.path}}', type: files, on_missing: ignore}", "priority: 3\n") == first
    assert identity("{type: files, path: 'out/{{ doc.path }}', format: text}") != first
    assert identity("{type: files, path: 'out2/{{ doc.path }}'}") != first


def test_a_vendor_needs_a_project_id(root: Path) -> None:
    (root / "jobs" / "a.yaml").write_text(job("a") + "provider: extend\n")
    assert [loaded.connection.name for loaded in load()] == ["extend"]
    (root / "docbatch.yaml").unlink()
    (said,) = problems()
    assert said.startswith(
        "jobs/a.yaml:6:11: provider: extend needs a docbatch.yaml with a project id (run docbatch init"
    )


def test_a_name_taken_by_a_job_that_was_not_selected_is_refused(root: Path) -> None:
    (root / "jobs" / "a.yaml").write_text(job("a"))
    (root / "other.yaml").write_text(job("a"))
    assert problems("other.yaml") == [
        "other.yaml:3:7: name: the name a is taken by another job of the project (it is in jobs/a.yaml:3)",
    ]


def test_a_broken_spec_that_was_not_selected_does_not_matter(root: Path) -> None:
    (root / "jobs" / "a.yaml").write_text(job("a"))
    (root / "jobs" / "b.yaml").write_text("[")
    assert [each.name for each in load("jobs/a.yaml")] == ["a"]


def test_values_compare_by_content(root: Path) -> None:
    (root / "jobs" / "a.yaml").write_text(job("a"))
    assert load() == load()
