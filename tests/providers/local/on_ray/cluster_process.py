"""A Ray cluster of several nodes on this machine, in a process of its own: it does what it is told by lines, and ends with them.

It listens on loopback alone, and its nodes are named n0 (the head, which reads nothing), n1, n2, …
"""

import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

from ray.cluster_utils import Cluster

QUICK = {"health_check_period_ms": 500, "health_check_timeout_ms": 1000, "health_check_failure_threshold": 3}


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(folder: str) -> None:
    # Ray writes there which cluster of this machine was started last, and does not make the folder.
    os.environ["RAY_TMPDIR"] = folder
    (Path(folder) / "ray").mkdir()
    common: dict[str, Any] = {
        "temp_dir": folder,
        "include_dashboard": False,
        "no_monitor": True,
        "include_log_monitor": False,
    }
    cluster = Cluster(
        initialize_head=True,
        head_node_args={**common, "num_cpus": 0, "node_name": "n0", "_system_config": QUICK},
    )
    nodes: dict[str, Any] = {}
    say(cluster.address)
    for line in sys.stdin:
        deed, name, *rest = line.split()
        if deed == "add":
            nodes[name] = cluster.add_node(**common, num_cpus=int(rest[0]), node_name=name)
        elif deed == "kill":
            node = cluster.head_node if name == "n0" else nodes.pop(name)
            node.kill_all_processes(check_alive=False, allow_graceful=False, wait=True)
        say("done")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="docbatch-cluster-") as place:
        try:
            main(place)
        finally:
            # Ray's own processes share this group, and none of them may stay.
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            os.killpg(0, signal.SIGTERM)
    os.killpg(0, signal.SIGKILL)
