"""The example of a plug-in can be imported here as well, where it is not installed."""

import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "provider-plugin"

for folder in (EXAMPLE / "src", EXAMPLE / "tests"):
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
