"""Applies a fake project in a process of its own and dies by SIGKILL at the given effect."""

import sys
from pathlib import Path

from docbatch.core.models import Recovery
from docbatch.testing.tripwire import Tripwire, sigkill
from tests.fake.project import Project

if __name__ == "__main__":
    folder, kind, at = sys.argv[1:]
    subject = Project(Path(folder), Recovery(kind), cloud_options={"lag": 30.0, "trickle": 1.0})
    subject.apply(Tripwire(int(at), sigkill))
