"""What is wrong with a plug-in is told to those who use it, with the package's name; everybody else goes on."""

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.cli.project import Ended, Project
from tests.plugins.packages import CSV, SHOUT, ZIP, Packages, job


@dataclass(frozen=True)
class Fault:
    """A package with a fault, which jobs name by `name`, and what is said of it. `late` is what only jobs meet."""

    name: str
    sort: str
    text: str
    told: str
    value: str = ""
    late: bool = False

    @property
    def package(self) -> str:
        return f"{self.name}-package"

    def entry(self) -> str:
        value = self.value or f"{self.name}_package:KIND"
        return f"{self.sort}s: {self.name} = {value}"


def changed(name: str, how: str, text: str = SHOUT) -> str:
    """Return a whole plug-in of another name, and with something else about its kind."""
    return f"{text}\nKIND = dataclasses.replace(KIND, name='{name}', {how})\n"


def renamed(text: str, old: str, new: str) -> str:
    return text.replace(f'Literal["{old}"]', f'Literal["{new}"]').replace(f'Kind("{old}"', f'Kind("{new}"')


BAD_OPTIONS = "class Bad(SpecModel):\n    model_config = {'arbitrary_types_allowed': True}\n    odd: Shouted"
NO_SCHEMA = f"{SHOUT}\n{BAD_OPTIONS}\n"
RAISING = f"""{SHOUT}
from pydantic import model_validator

class Bad(SpecModel):
    @model_validator(mode="before")
    def read(cls, written):
        return written["marks"]
"""
provider = partial(Fault, sort="provider")
FAULTS = [
    provider("missing", text="import no_such_library\n", told="cannot be imported: ModuleNotFoundError: No module named 'no_such_library'"),
    provider("ending", text="raise SystemExit(0)\n", told="cannot be imported: SystemExit: 0"),
    provider("panicking", text="class Panic(BaseException): pass\nraise Panic('a\\x1b[2J\\nb')\n", told="cannot be imported: Panic: a\\x1b[2J b"),
    provider("empty", text="", told="names no kind: empty_package has no KIND"),
    provider("nothing", text="KIND = 5\n", told="names no kind: nothing_package:KIND is of type int and no ProviderKind"),
    provider("crooked", text=SHOUT, value="crooked_package", told="names no kind: 'crooked_package' is not of the form package.module:KIND"),
    provider("sinking", text=CSV, told="names no kind: sinking_package:KIND is of type SinkKind and no ProviderKind"),
    provider("other", text=SHOUT, told="is declared under another name: its kind says 'shout'"),
    provider("unsaid", text=changed("unsaid", "contract=None"), told="does not say which contract it was built for"),
    provider("ahead", text=changed("ahead", "contract=7"), told="was built for contract 7, and this docbatch has contract 0"),
    provider("idle", text=changed("idle", "operations=()"), told="declares no operations"),
    provider("shy", text=changed("shy", "traits=lambda _: 1 / 0"), told="cannot be used: traits raised ZeroDivisionError: division by zero"),
    provider("vague", text=changed("vague", "traits=lambda _: {}"), told="cannot be used: traits returned of type dict and not Traits"),
    provider("wordy", text=changed("wordy", "traits=lambda _: dataclasses.replace(Shout.traits, max_items='2')"), told="cannot be used: traits raised ValidationError: 1 validation error for Traits max_items"),
    provider("none", text=changed("none", "account=lambda _: None"), told="cannot be used: account returned None and not a text"),
    provider("loose", text=changed("loose", "inputs=lambda _: ['links']"), told="cannot be used: inputs returned of type list and not a frozenset of Input"),
    provider("greedy", text=changed("greedy", "tariff=lambda *_: 5"), told="cannot be used: tariff returned of type int and not a Tariff of Charges", late=True),
    provider("uncharged", text=changed("uncharged", "tariff=lambda *_: __import__('docbatch.core.tariffs').core.tariffs.Tariff(charges=(5,))"), told="cannot be used: tariff returned of type Tariff and not a Tariff of Charges", late=True),
    provider("tight", text=changed("tight", "takes_passwords=lambda _: 'some'"), told="cannot be used: takes_passwords returned of type str and not True or False"),
    provider("bare", text=changed("bare", "config=lambda _: ShoutConfig"), told="cannot be used: config returned of type ModelMetaclass and not a ConfigContract"),
    provider("odd", text=changed("odd", "config=lambda _: ConfigContract(Bad)", NO_SCHEMA), told="cannot be used: the schema of its options raised PydanticInvalidForJsonSchema"),
    provider("pinned", text=changed("pinned", "pins=lambda *_: 'v1'"), told="cannot be used: pins returned of type str and not a mapping of texts, or None", late=True),
    provider("fussy", text=changed("fussy", "config=lambda _: ConfigContract(Bad)", RAISING), told="cannot be used: judging no options raised KeyError: 'marks'"),
    provider("mute", text="class Mute(Exception):\n    def __str__(self): return 1 / 0\nraise Mute\n", told="cannot be imported: Mute ("),
    Fault("brittle", "sink", renamed(CSV, "csv", "brittle").replace("    suffix:", "    @field_validator('path', mode='before')\n    def read(cls, path): return {}[path]\n\n    suffix:").replace("import csv\n", "import csv\nfrom pydantic import field_validator\n"), "cannot be used: judging its options raised KeyError: 'out/brittle'", late=True),
    provider("touchy", text=changed("touchy", "account=lambda own: {'touchy': 'here'}.get(own.name)"), told="", late=True),
    Fault("heavy", "sink", f"import no_such_library\n{CSV}", "cannot be imported: ModuleNotFoundError"),
    Fault("csv", "sink", CSV.replace('Literal["csv"]', "str"), "cannot be imported: SinkError: the options of the sink kind csv are of another type"),
    Fault("hollow", "sink", renamed(CSV, "csv", "hollow").replace('delimiter: Literal[",", ";"] = ","', 'delimiter: "Unheard"'), "cannot be used: the schema of its options raised PydanticUndefinedAnnotation"),
    Fault("blank", "sink", renamed(CSV, "csv", "blank").replace("    suffix:", "    form = property(lambda self: 1 / 0)\n    suffix:"), "cannot be used: form raised ZeroDivisionError", late=True),
    Fault("keyed", "source", ZIP.replace('SourceKind("zip"', 'SourceKind("keyed", key="archive"').replace("ZipOptions, open", "options=ZipOptions, open"), "is told by a key of its options"),
    Fault("gone", "source", f"import no_such_library\n{ZIP}", "cannot be imported: ModuleNotFoundError"),
]  # fmt: skip


def naming(fault: Fault) -> str:
    match fault.sort:
        case "provider":
            return job(name=fault.name, provider=fault.name)
        case "sink":
            return job(name=fault.name, sink=[{"type": fault.name, "path": f"out/{fault.name}"}])
    return job(name=fault.name, source={"type": fault.name, "archive": "all.zip"})


PLACES = {"provider": ":4:11: provider: ", "sink": ":5:17: sink[0].type: ", "source": ":3:18: source.type: "}


@dataclass(frozen=True)
class Told:
    """What three commands say where all these packages are installed, and each is named by one job."""

    validate: Ended
    providers: Ended
    schema: Ended


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Packages:
    packages = Packages(tmp_path_factory.mktemp("faults") / "site")
    for fault in FAULTS:
        packages.install(fault.package, fault.text, fault.entry())
    return packages


@pytest.fixture(scope="module")
def told(site: Packages) -> Told:
    project = Project(site.folder.parent / "project")
    for fault in FAULTS:
        project.job(naming(fault), fault.name)
    return Told(*(site.run(project, *each) for each in (["validate"], ["providers"], ["schema", "job"])))


@pytest.mark.parametrize("fault", [each for each in FAULTS if each.told], ids=lambda each: each.name)
def test_it_is_an_error_of_the_job_that_names_it(told: Told, fault: Fault) -> None:
    said = f"jobs/{fault.name}.yaml{PLACES[fault.sort]}plug-in {fault.package} 1.0: the {fault.sort} '{fault.name}'"
    (line,) = [each for each in told.validate.err.splitlines() if each.startswith(f"jobs/{fault.name}.yaml")]

    assert told.validate.code == 64
    assert line.startswith(f"{said} {fault.told}")
    assert f"python -m pip uninstall {fault.package}" in line


@pytest.mark.parametrize("fault", FAULTS, ids=lambda each: each.name)
def test_it_is_a_warning_where_all_kinds_are_listed(told: Told, fault: Fault) -> None:
    said = f"warning: plug-in {fault.package} 1.0: the {fault.sort} '{fault.name}' {fault.told}"

    assert (told.providers.code, told.schema.code) == (0, 0)
    assert (said in told.schema.err) is not fault.late
    assert (said in told.providers.err) is (fault.sort == "provider" and not fault.late)


def test_what_is_listed_lacks_those_that_cannot_be_used(told: Told) -> None:
    names = [line for line in told.providers.out.splitlines() if not line.startswith(" ")]

    assert names[:-1] == [
        "local",
        "extend",
        "llamacloud",
        "extractpage",
        "greedy",
        "pinned",
        "touchy",
        "uncharged",
    ]
    assert names[-1].startswith("requests to one account: ")
    assert "ZipOptions" not in json.loads(told.schema.out)["$defs"]


def test_jobs_that_do_not_use_them_go_on(site: Packages, project: Project) -> None:
    project.job(job())
    ended = [site.run(project, *each) for each in (["validate"], ["plan"], ["apply"], ["apply"], ["status"])]

    assert [each.code for each in ended] == [0, 0, 0, 0, 0]
    assert [each.err.count("plug-in") for each in ended] == [0, 0, 0, 0, 0]
    assert sorted(project.outputs()) == ["a.txt.md", "b.txt.md", "c.txt.md"]


def test_a_job_beside_one_that_cannot_run_goes_on_when_it_is_named(site: Packages, project: Project) -> None:
    project.job(job())
    project.job(job(name="bad", provider="missing"), "bad")

    assert site.run(project, "apply").code == 64
    assert site.run(project, "apply", "jobs/job.yaml").code == 0


def test_a_connection_of_such_a_type_concerns_only_the_jobs_that_name_it(
    site: Packages, project: Project
) -> None:
    project.write(
        {
            "docbatch.yaml": "project: {id: pabcdef012345}\nproviders: {mine: {type: missing, api_key: {env: A}}}\n"
        }
    )
    project.job(job())
    assert site.run(project, "validate").code == 0

    project.job(job(provider="mine"))
    assert ":4:11: provider: plug-in missing-package 1.0" in site.run(project, "validate").err


def test_what_fails_for_one_connection_alone_is_told_of_the_job_that_has_it(
    site: Packages, project: Project
) -> None:
    project.write({"docbatch.yaml": "project: {id: pabcdef012345}\nproviders: {mine: {type: touchy}}\n"})
    project.job(job(provider="touchy"))
    assert site.run(project, "validate").code == 0

    project.job(job(provider="mine"))
    ended = site.run(project, "validate")
    assert ended.code == 64
    assert "provider: plug-in touchy-package 1.0: the provider 'touchy' cannot be used: account" in ended.err


def test_a_sink_of_the_project_is_told_at_its_place(site: Packages, project: Project) -> None:
    project.write(
        {
            "docbatch.yaml": "project: {id: pabcdef012345}\ndefaults:\n  sink:\n    - {type: heavy, path: out/a}\n"
        }
    )
    project.job(job())

    ended = site.run(project, "validate")

    assert ended.code == 64
    assert "docbatch.yaml:4:14: defaults.sink[0].type: plug-in heavy-package 1.0" in ended.err


def test_other_errors_of_the_job_are_told_beside_it(site: Packages, project: Project) -> None:
    project.job(job(provider="nobody", sink=[{"type": "heavy", "path": "out/a"}], priority=500))

    ended = site.run(project, "validate").err

    assert "sink[0].type: plug-in heavy-package" in ended
    assert "provider: there is no connection nobody" in ended
    assert "priority: this must be at most 100" in ended
    assert "error: 3 problems" in ended


def test_a_name_that_is_docbatchs_own_stays_docbatchs_own(packages: Packages, project: Project) -> None:
    packages.install("greedy", changed("local", "title='Greedy'"), "providers: local = greedy:KIND")
    project.job(job())

    applied = packages.applied(project)
    listed = packages.run(project, "providers")

    assert applied.processed == 3
    assert project.outputs()["a.txt.md"] == b"apple\n"
    assert "plug-in greedy 1.0: the provider 'local' has a name that is docbatch's own" in listed.err
    assert listed.out.count("local\n") == 1


def test_a_name_that_two_packages_claim_is_neithers(packages: Packages, project: Project) -> None:
    packages.install("first", SHOUT, "providers: shout = first:KIND")
    packages.install("second", SHOUT, "providers: shout = second:KIND", version="2.1")
    project.job(job(provider="shout"))

    ended = packages.run(project, "validate")

    assert ended.code == 64
    assert "is declared more than once, by first 1.0 and second 2.1; none of them is used" in ended.err


def test_a_package_that_is_there_twice_counts_as_python_finds_it(
    packages: Packages, project: Project, tmp_path: Path
) -> None:
    older = Packages(tmp_path / "older")
    older.install("loud", "raise SystemExit\n", "providers: shout = loud:KIND", version="0.9")
    packages.install("loud", SHOUT, "providers: shout = loud:KIND")
    both = Packages(
        packages.folder,
        {"PYTHONPATH": f"{packages.folder}:{older.folder}:{packages.environment['PYTHONPATH']}"},
    )
    project.job(job(provider="shout"))

    assert both.run(project, "validate").code == 0


def test_a_source_that_opens_nothing_is_told_by_its_package(packages: Packages, project: Project) -> None:
    packages.install(
        "zip-source",
        f"{ZIP}\nKIND = dataclasses.replace(KIND, open=lambda *_: {{}}['a'])\n",
        "sources: zip = zip_source:KIND",
    )
    project.job(job(source={"type": "zip", "archive": "all.zip"}))

    ended = packages.run(project, "plan")

    assert ended.code == 64
    assert "plug-in zip-source 1.0: the source 'zip' cannot be used: open raised KeyError: 'a'" in ended.err
    assert "Traceback" not in ended.err


def test_a_config_that_cannot_be_judged_is_told_at_its_place(packages: Packages, project: Project) -> None:
    text = RAISING.replace("written[", "written and written[")
    packages.install(
        "fussy",
        changed("fussy", "config=lambda _: ConfigContract(Bad)", text),
        "providers: fussy = fussy:KIND",
    )
    project.job(job(provider="fussy", config={"loud": 1}))
    project.job(job(name="good"), "good")

    ended = packages.run(project, "validate")

    assert ended.code == 64
    assert (
        "jobs/job.yaml:6:9: config: plug-in fussy 1.0: the provider 'fussy' cannot be used: judging its options"
        in ended.err
    )
    assert packages.run(project, "validate", "jobs/good.yaml").code == 0
