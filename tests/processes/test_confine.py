"""Limits of memory, in a process of their own."""

import subprocess
import sys

SCRIPT = """
import resource
from docbatch.processes import confine

confine.limit_memory(1 << 30)
before = resource.getrlimit(resource.RLIMIT_AS)
with confine.unlimited_memory():
    inside = resource.getrlimit(resource.RLIMIT_AS)[0]
    held = bytearray(1 << 28)
after = resource.getrlimit(resource.RLIMIT_AS)[0]
print(inside == before[1], after - before[0] >= 1 << 28)
"""


def test_an_engine_that_is_loaded_while_a_document_is_read_takes_nothing_of_its_memory() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, check=True, text=True)

    assert done.stdout.split() == ["True", "True"]
