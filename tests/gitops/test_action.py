"""The composite action at the top of the repository: its steps, as GitHub would run them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.gitops.expressions import filled
from tests.gitops.github_runner import read_outputs
from tests.gitops.machine import Machine, Ran

ROOT = Path(__file__).parents[2]
JOB = """apiVersion: docbatch/v1
name: job
source: {include: "in/**"}
provider: local
sink: [{type: files, path: "out/{{ doc.path }}.md"}]
"""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    for name, text in (("jobs/job.yaml", JOB), ("in/a.txt", "one")):
        (made.work / name).parent.mkdir()
        (made.work / name).write_text(text)
    return made


def used(machine: Machine, **given: str) -> tuple[Ran, Mapping[str, str]]:
    """Run the action's steps, and return the last and the outputs of all."""
    action = yaml.load((ROOT / "action.yml").read_text(), yaml.BaseLoader)
    contexts: dict[str, Any] = {
        "github": {"workspace": str(machine.work), "action_path": str(ROOT)},
        "runner": {"temp": str(machine.temp)},
        "steps": {},
    }
    defaults = {name: filled(each["default"], contexts) for name, each in action["inputs"].items()}
    assert given.keys() <= defaults.keys()
    contexts["inputs"] = defaults | given
    ran = Ran(0, "")
    for step in action["runs"]["steps"]:
        assert step["shell"] == "bash"
        assert "${{" not in step["run"]
        files = {f"GITHUB_{name}": machine.temp / name for name in ("OUTPUT", "STEP_SUMMARY")}
        for file in files.values():
            file.touch()
        variables = {name: filled(text, contexts) for name, text in step["env"].items()}
        ran = machine.shell(
            step["run"],
            {
                **variables,
                **{key: str(file) for key, file in files.items()},
                "RUNNER_TEMP": str(machine.temp),
            },
            "-eo pipefail",
        )
        contexts["steps"][step.get("id", "")] = {"outputs": read_outputs(files["GITHUB_OUTPUT"])}
        if ran.code:
            break
    outputs = {name: filled(each["value"], contexts) for name, each in action["outputs"].items()}
    return ran, outputs


def test_a_plan_has_a_file_a_comment_and_an_exit_code(machine: Machine) -> None:
    ran, outputs = used(machine, arguments="jobs/job.yaml\n--detailed-exitcode\n", **{"pass": "2"})

    assert ran.code == 0, ran.log
    assert (outputs["exit-code"], outputs["digest"]) == ("2", "")
    assert Path(outputs["markdown"]).read_text().startswith("### docbatch plan: Will send 1 document")
    assert (machine.temp / "STEP_SUMMARY").read_text() == Path(outputs["markdown"]).read_text()
    assert machine.installed == [f"pip install {ROOT}"]
    applied, codes = used(machine, command="apply", arguments=f"--plan\n{outputs['plan']}", package="none")
    assert (applied.code, codes["exit-code"]) == (0, "0"), applied.log
    assert len(machine.installed) == 1


def test_an_exit_code_that_is_not_let_pass_is_that_of_the_step(machine: Machine) -> None:
    ran, outputs = used(machine, arguments="--detailed-exitcode", extras="stores", **{"pass": "4 22"})

    assert (ran.code, outputs["exit-code"]) == (2, "2")
    assert machine.installed == [f"pip install {ROOT}[stores]"]


@pytest.mark.parametrize("name", ["command", "arguments", "extras", "folder", "package", "pass"])
def test_no_input_is_read_by_a_shell(machine: Machine, name: str) -> None:
    used(machine, **{name: "$(touch owned) `touch owned`; touch owned #\n\"; touch owned; '; touch owned"})

    assert not list(machine.root.rglob("owned"))


def test_what_nobody_vouches_for_is_only_looked_at(machine: Machine) -> None:
    planned, _ = used(machine, untrusted="true")
    applied, outputs = used(machine, command="apply", untrusted="true")

    assert planned.code == 0, planned.log
    assert "there is no state here" in planned.log
    assert (applied.code, outputs["exit-code"]) == (64, "64")
