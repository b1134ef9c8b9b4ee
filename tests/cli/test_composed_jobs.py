"""Jobs of fragments and matrices, as a team keeps them: they are the jobs they would be if they were written out."""

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.cli.project import Project
from tests.steps import calls

ROOT = Path(__file__).parents[2]
TEAM = ROOT / "examples" / "team"
PAGE = (ROOT / "docs" / "fragments.md").read_text(encoding="utf-8")
WRITTEN_OUT = """
apiVersion: docbatch/v1
name: contracts-2025-de
config: {{ocr: "off", timeout: 300}}
timeout: 2h
on_partial: fail
priority: 10
labels: {{owner: documents-team}}
source: {{include: "inbox/*/contracts/2025/de-*.txt"}}
sink: [{{type: jsonl, path: "out/contracts-2025-de.jsonl"}}]
---
apiVersion: docbatch/v1
name: invoices-{land}
provider: local
config: {{timeout: 60, ocr: "off"}}
timeout: 2h
priority: {queue}
labels: {{owner: documents-team, country: {land}}}
source: {{include: "inbox/{folder}/invoices/**"}}
sink: [{{type: files, path: "out/{{{{ job.name }}}}/{{{{ doc.path }}}}.md", format: markdown}}]
"""


@pytest.fixture
def team(tmp_path: Path) -> Project:
    shutil.copytree(TEAM, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".docbatch", "out"))
    return Project(tmp_path)


def edit(project: Project, name: str, old: str, new: str) -> None:
    text = (project.root / name).read_text(encoding="utf-8")
    assert text.count(old) == 1
    project.write({name: text.replace(old, new)})


def shown_files() -> list[tuple[str, str]]:
    return re.findall(r"^```yaml\n# (\S+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("name", "text"), shown_files())
def test_the_page_shows_the_files_of_the_example(name: str, text: str) -> None:
    lines = (TEAM / name).read_text(encoding="utf-8").splitlines(keepends=True)
    assert "".join(line for line in lines if not line.startswith("#")) == text


def test_the_example_gives_each_cell_its_documents_and_outputs(team: Project) -> None:
    assert team.applied().processed == 6
    outputs = team.outputs()

    assert sorted(outputs) == [
        "contracts-2025-de.jsonl",
        "contracts-2026-de.jsonl",
        "contracts-2026-fr.jsonl",
        "invoices-de/inbox/germany/invoices/1001.txt.md",
        "invoices-de/inbox/germany/invoices/1002.txt.md",
        "invoices-fr/inbox/france/invoices/77.txt.md",
    ]
    assert b"Deux licences" in outputs["invoices-fr/inbox/france/invoices/77.txt.md"]
    (line,) = outputs["contracts-2026-fr.jsonl"].splitlines()
    assert json.loads(line)["labels"] == {"owner": "documents-team"}
    assert team.applied().processed == 0


def test_nothing_is_due_once_it_is_all_written_out(team: Project) -> None:
    team.applied()
    shutil.rmtree(team.root / "jobs")
    shutil.rmtree(team.root / "fragments")
    invoices = [
        WRITTEN_OUT.partition("---\n")[2].format(land=land, folder=folder, queue=queue)
        for land, folder, queue in (("de", "germany", 20), ("fr", "france", 40))
    ]
    contracts = WRITTEN_OUT.partition("---\n")[0].format()
    others = [
        contracts.replace("2025-de", f"2026-{land}").replace("2025/de", f"2026/{land}")
        for land in ("de", "fr")
    ]
    team.write({f"jobs/{number}.yaml": text for number, text in enumerate([*invoices, contracts, *others])})

    plan = team.call("plan", "--detailed-exitcode")
    assert (plan.code, plan.err) == (0, "")
    assert "Nothing is due" in plan.out


def test_a_new_cell_sends_its_documents_alone(team: Project) -> None:
    team.applied()
    edit(team, "jobs/contracts.yaml", "    - {land: fr, year: 2025}\n", "    - {land: de, year: 1999}\n")
    edit(team, "jobs/contracts.yaml", "year: [2025, 2026]", "year: [1999, 2026, 2025]")
    team.write(
        {
            "inbox/france/contracts/2025/fr-old.txt": "Un vieux contrat",
            "inbox/x/contracts/1999/fr-a.txt": "Encore",
        }
    )

    assert team.applied().processed == 2
    assert {"contracts-2025-fr.jsonl", "contracts-1999-fr.jsonl"} < set(team.outputs())


def test_a_saved_plan_is_stale_once_a_fragment_says_something_else(team: Project) -> None:
    assert team.call("plan", "--out", "plan.json").code == 0
    edit(team, "fragments/careful.yaml", "timeout: 300", "languages: [deu]")

    assert team.call("apply", "--plan", "plan.json").code == 7


def many(project: Project, *, composed: bool) -> None:
    """Forty jobs, of four fragments and two matrices of twenty cells, or as forty files."""
    project.write(
        {
            "docbatch.yaml": "project: {id: ptestproject1}\n",
            "f/a.yaml": "provider: local\nconfig: {ocr: 'off'}\ntimeout: 2h\n",
            "f/b.yaml": "extends: f/a.yaml\nlabels: {team: x}\n",
            "f/c.yaml": "sink: [{type: files, path: 'out/{{ job.name }}/{{ doc.path }}.md'}]\n",
            "f/d.yaml": "priority: 20\nlimits: [{per: run, documents: 5}]\n",
        }
    )
    head = "apiVersion: docbatch/v1\n"
    values = list(range(20))
    for name in ("one", "two"):
        if composed:
            project.write(
                {
                    f"jobs/{name}.yaml": f"{head}name: {name}\nextends: [f/b.yaml, f/c.yaml, f/d.yaml]\n"
                    f"matrix: {{n: {values}}}\nsource: {{include: '{name}/{{{{ matrix.n }}}}/*.pdf'}}\n"
                }
            )
        else:
            whole = (project.root / "f/a.yaml").read_text() + (project.root / "f/d.yaml").read_text()
            whole += (project.root / "f/c.yaml").read_text() + "labels: {team: x}\n"
            project.write(
                {
                    f"jobs/{name}-{n}.yaml": f"{head}name: {name}-{n}\n{whole}source: {{include: '{name}/{n}/*.pdf'}}\n"
                    for n in values
                }
            )


def test_forty_jobs_of_fragments_take_no_more_than_forty_files(tmp_path: Path) -> None:
    composed, plain = Project(tmp_path / "composed"), Project(tmp_path / "plain")
    many(composed, composed=True)
    many(plain, composed=False)
    assert sorted(composed.call("validate").out.removeprefix("valid: ").strip().split(", ")) == sorted(
        plain.call("validate").out.removeprefix("valid: ").strip().split(", ")
    )

    assert calls(lambda: composed.call("validate")) < calls(lambda: plain.call("validate"))
