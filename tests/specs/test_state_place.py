"""Where docbatch.yaml has the state in a store: which place that is in each environment, and that jobs leave it alone."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from docbatch.core.errors import SpecError
from docbatch.secret_references import CommandReference, EnvReference
from docbatch.specs.chosen_environment import Choice
from docbatch.specs.load import load_jobs, load_project
from docbatch.specs.values import DeclaredProject, StateInStore

STORES = """
stores:
  lake: {type: s3, bucket: docs, region: eu-central-1}
  same: {type: s3, bucket: docs}
  other: {type: s3, bucket: docs2}
  disk: {type: folder, path: shared}
"""
ALONE = f"""
project: {{id: pabcdef012345}}{STORES}state: {{store: lake, prefix: data/state}}
"""
ENVIRONMENTS = f"""{ALONE}
environments:
  dev:
    project: {{id: pdevdevdev01}}
    vars: {{stage: dev}}
  prod:
    project: {{id: pprodprod001}}
    vars: {{stage: prod}}
    state: {{store: other, prefix: kept/}}
vars: {{stage: none}}
"""
FILES = "{type: files, path: 'out/{{ doc.path }}.md'}"


def declared(
    root: Path, text: str, environment: str | None = None, *, untrusted: bool = False
) -> DeclaredProject:
    (root / "docbatch.yaml").write_text(text)
    return load_project(root, choice=Choice(environment), untrusted=untrusted)


def state_of(project: DeclaredProject) -> StateInStore:
    assert project.state_store is not None
    return project.state_store


def told(
    root: Path,
    text: str,
    source: str = "{root: in, include: '**'}",
    sink: str = FILES,
    environment: str | None = None,
) -> Sequence[str]:
    """Return what is wrong with the one job of a project."""
    (root / "jobs").mkdir(exist_ok=True)
    (root / "jobs" / "a.yaml").write_text(
        f"apiVersion: docbatch/v1\nname: a\nsource: {source}\nsink: [{sink}]\n"
    )
    try:
        load_jobs(declared(root, text, environment))
    except SpecError as error:
        return [str(each).removeprefix("jobs/a.yaml:") for each in error.problems]
    return []


def test_the_state_lies_on_this_disk_where_nothing_is_said(tmp_path: Path) -> None:
    assert declared(tmp_path, "project: {id: pabcdef012345}\n").state_store is None
    assert declared(tmp_path, "project: {id: pabcdef012345}\nstate:\n").state_store is None


def test_a_prefix_ends_with_a_slash(tmp_path: Path) -> None:
    state = state_of(declared(tmp_path, ALONE))

    assert (state.store.name, state.prefix, state.key) == ("lake", "data/state/", None)
    assert state == state_of(declared(tmp_path, ALONE.replace("data/state", "data/state/")))


def test_the_key_is_a_reference_that_nothing_follows(tmp_path: Path) -> None:
    text = ALONE.replace("data/state", "data/state, encryption: {key: {env: NOT_SET}}")
    running = ALONE.replace("data/state", "data/state, encryption: {key: {command: [touch, ran]}}")

    assert state_of(declared(tmp_path, text)).key == EnvReference(env="NOT_SET")
    assert told(tmp_path, running) == []
    assert state_of(declared(tmp_path, running)).key == CommandReference(command=["touch", "ran"])
    assert not (tmp_path / "ran").exists()


def test_an_environment_has_its_state_below_the_project_s(tmp_path: Path) -> None:
    assert state_of(declared(tmp_path, ENVIRONMENTS)).prefix == "data/state/"
    assert state_of(declared(tmp_path, ENVIRONMENTS, "dev")).prefix == "data/state/env/dev/"


def test_what_an_environment_says_replaces_all_of_it(tmp_path: Path) -> None:
    encrypted = ENVIRONMENTS.replace("data/state", "data/state, encryption: {key: {env: STATE_KEY}}")

    dev, prod = (state_of(declared(tmp_path, encrypted, name)) for name in ("dev", "prod"))

    assert dev.key == EnvReference(env="STATE_KEY")
    assert (prod.store.name, prod.prefix, prod.key) == ("other", "kept/", None)


def test_an_environment_may_keep_its_state_on_this_disk(tmp_path: Path) -> None:
    text = ENVIRONMENTS.replace("state: {store: other, prefix: kept/}", "state: null")

    project = declared(tmp_path, text, "prod")

    assert project.state_store is None
    assert project.state_folder == tmp_path / ".docbatch/env/prod"


def test_a_project_whose_environments_have_the_ids_has_no_state_itself(tmp_path: Path) -> None:
    text = ENVIRONMENTS.replace("project: {id: pabcdef012345}", "").replace(
        "state: {store: other, prefix: kept/}", "state: {store: same, prefix: data/state/}"
    )

    assert state_of(declared(tmp_path, text, "prod")).prefix == "data/state/"
    assert state_of(declared(tmp_path, text, "dev")).prefix == "data/state/env/dev/"


def test_the_store_of_a_project_that_is_not_trusted_is_none_to_reach(tmp_path: Path) -> None:
    assert state_of(declared(tmp_path, ALONE, untrusted=True)).store.untrusted


SINKS = [
    ("{type: files, store: lake, path: 'data/state/{{ doc.path }}.md'}", 1),
    ("{type: files, store: same, path: 'data/state/a/{{ doc.path }}.md'}", 1),
    ("{type: files, store: lake, path: 'data/{{ doc.path }}'}", 1),
    ("{type: jsonl, store: lake, path: data/state/log/rows.jsonl}", 1),
    ("{type: parquet, store: lake, path: data}", 1),
    ("{type: files, store: lake, path: 'data/states/{{ doc.path }}.md'}", 0),
    ("{type: jsonl, store: lake, path: data/rows.jsonl}", 0),
    ("{type: parquet, store: lake, path: data/table}", 0),
    ("{type: files, store: other, path: 'data/state/{{ doc.path }}.md'}", 0),
    ("{type: files, store: disk, path: 'data/state/{{ doc.path }}.md'}", 0),
    ("{type: files, path: 'data/state/{{ doc.path }}.md'}", 0),
]


@pytest.mark.parametrize(("sink", "number"), SINKS)
def test_no_job_writes_where_the_state_lies(tmp_path: Path, sink: str, number: int) -> None:
    found = told(tmp_path, ALONE, sink=sink)

    assert len(found) == number
    for each in found:
        assert each.startswith("4:")
        assert (
            "sink[0].path: this would write among the objects of the state, which lie below data/state/"
            in each
        )


SOURCES = [
    ("{store: lake, prefix: data/state, include: '*.pdf'}", "source.prefix: documents would be looked for"),
    ("{store: same, prefix: data/state/log/, include: '*'}", "source.prefix: documents would be looked for"),
    ("{store: lake, include: '**'}", 'add exclude: ["data/state/**"]'),
    ("{store: same, prefix: data, include: ['**']}", 'add exclude: ["state/**"]'),
    ("{store: lake, include: 'data/*/lease'}", "would be read as documents"),
    ("{store: lake, include: 'data/state/chunks/*/*'}", "would be read as documents"),
    ("{store: lake, prefix: data, include: '**', exclude: 'state/**'}", None),
    ("{store: lake, include: '**/*.pdf'}", None),
    ("{store: lake, include: '*'}", None),
    ("{store: lake, prefix: data/states, include: '**'}", None),
    ("{store: other, include: '**'}", None),
    ("{store: disk, include: '**'}", None),
    ("{root: data/state, include: '**'}", None),
]


@pytest.mark.parametrize(("source", "said"), SOURCES)
def test_no_job_reads_objects_of_the_state(tmp_path: Path, source: str, said: str | None) -> None:
    found = told(tmp_path, ALONE, source)

    assert len(found) == (said is not None)
    for each in found:
        assert each.startswith("3:")
        assert str(said) in each


def test_docbatch_s_own_folder_of_keys_is_never_read(tmp_path: Path) -> None:
    text = ALONE.replace("data/state", ".docbatch/state")

    assert told(tmp_path, text, "{store: lake, include: '**', hidden: true}") == []


@pytest.mark.parametrize("environment", [None, "dev", "prod"])
def test_a_job_leaves_the_states_of_all_environments_alone(tmp_path: Path, environment: str | None) -> None:
    sink = "{type: files, path: 'out/{{ vars.stage }}/{{ doc.path }}.md'}"
    reading = "{store: other, prefix: kept, include: '{{ vars.stage }}-*.pdf'}"

    (found,) = told(tmp_path, ENVIRONMENTS, reading, sink, environment)

    whose = "the state" if environment == "prod" else "the state of environment prod"
    assert f"source.prefix: documents would be looked for among the objects of {whose}, which" in found


def test_what_a_job_does_in_another_environment_is_told_with_that(tmp_path: Path) -> None:
    sink = "{type: jsonl, store: lake, path: 'data/state/{{ vars.stage }}.jsonl'}"
    text = ENVIRONMENTS.replace("data/state}", "data/state/prod.jsonl}")

    (found,) = told(tmp_path, text, sink=sink, environment="dev")

    assert found.startswith("4:")
    assert "sink[0].path: in environment prod this would write among the objects of the state of" in found
