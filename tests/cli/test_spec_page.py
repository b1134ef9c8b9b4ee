import runpy
from pathlib import Path

from docbatch.specs.schema import SCHEMAS

ROOT = Path(__file__).parents[2]


def test_the_reference_of_specs_has_a_section_for_every_part_that_has_fields() -> None:
    headings = runpy.run_path(str(ROOT / "script" / "docs.py"))["headings"]()
    parts = {
        name
        for each in ("job", "project")
        for name, part in SCHEMAS[each]()["$defs"].items()
        # What a part of a job may say is said in the same words, of fields that may be left out.
        if "properties" in part and not name.startswith("part.")
    }

    assert parts | {"JobSpec", "ProjectSpec"} == set(headings)
