"""Each hint of the code has a row in the table, and each row a hint."""

import importlib
from collections import Counter
from pathlib import Path

from tests.hints.table import ROWS, Hints
from tests.hints.walk import hints

HERE = Path(__file__).parent


def entered() -> Counter[str]:
    for module in sorted(HERE.glob("test_*.py")):
        importlib.import_module(f"tests.hints.{module.stem}")
    return Counter(ROWS)


def test_every_hint_has_a_scenario_and_no_scenario_is_left_over() -> None:
    written = Counter(text for _, text in hints())
    rows = entered()

    assert list((written - rows).elements()) == [], "hints without a row in tests/hints/; see table.py"
    assert list((rows - written).elements()) == [], "rows whose hint is no longer in the code"


def test_hints_are_found_wherever_they_stand(tmp_path: Path) -> None:
    (tmp_path / "some.py").write_text(
        '"""Run docbatch apply."""\n'
        "def told(job):\n    'Run docbatch plan.'\n"
        "    return f\"see 'docbatch status {job}'\", 'no command', 'run ' 'docbatch apply'\n"
        "FIELD = Field(description='read by docbatch listen')\n"
        "HELP = option('--job', help='with --job JOB')\n"
    )

    assert {text for _, text in hints(tmp_path)} == {
        "with --job JOB",
        "run docbatch apply",
        "see 'docbatch status {}'",
    }


def test_a_command_is_read_from_what_was_printed() -> None:
    row = Hints(("{} left; 'docbatch retry{}' or `docbatch apply`", "docbatch init shows one"))

    assert row.see("2 left;\n 'docbatch retry job --class lost' or `docbatch apply`.", "left") == [
        "retry job --class lost",
        "apply",
    ]
    assert row.see("error: (docbatch init shows one)", "init") == ["init"]
