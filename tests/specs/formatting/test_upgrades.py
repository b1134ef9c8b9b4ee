import pytest

from docbatch.core.errors import SpecError
from docbatch.specs.formatting.upgrades import NEWEST, STEPS, UpgradeStep, upgraded, versions

TO_2 = UpgradeStep("docbatch/v1", "docbatch/v2", {("source", "root"): "folder", ("sink", "path"): "to"})
TO_3 = UpgradeStep("docbatch/v2", "docbatch/v3", {("source", "folder"): "below"})
TEXT = """\
# why
apiVersion: "docbatch/v1"   # old
name: root
source: &s
  'root': .  # of documents
  include: root
sink:
  - {path: x, type: files}
  - type: files
    &k path: y
---
apiVersion: docbatch/v3
source: {root: .}
---
name: a part of others
root: 1
"""


def test_keys_and_the_version_are_written_anew_and_nothing_else() -> None:
    assert upgraded(TEXT, "a.yaml", (TO_2, TO_3), "docbatch/v3") == TEXT.replace(
        '"docbatch/v1"', '"docbatch/v3"'
    ).replace("'root': .", "'below': .").replace("{path: x", "{to: x").replace("&k path: y", "&k to: y")


def test_the_newest_is_left_as_it_is() -> None:
    text = f"apiVersion:   {NEWEST} # x\n"

    assert upgraded(text, "a.yaml") == text
    assert versions(text + "---\n" + text, "a.yaml") == (NEWEST,)


def test_the_steps_lead_to_the_newest() -> None:
    ends = [step.after for step in STEPS]

    assert [step.before for step in STEPS[1:]] == ends[:-1]
    assert not STEPS or ends[-1] == NEWEST


@pytest.mark.parametrize("version", ["docbatch/v9", "v1", "{}", ""])
def test_a_version_that_is_not_known_names_the_newest(version: str) -> None:
    with pytest.raises(
        SpecError, match=rf"a\.yaml:2:\d+: apiVersion: .* is not known \(the newest is {NEWEST}"
    ):
        upgraded(f"name: x\napiVersion: {version}\n", "a.yaml")
