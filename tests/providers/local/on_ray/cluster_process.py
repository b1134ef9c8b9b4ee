"""A Ray cluster of several nodes on this machine, in a process of its own: it does what it is told by lines, and ends with them.

`add NAME PROCESSORS [PYTHONPATH]` and `kill NAME` are answered by `done`. It listens on loopback alone, and its
head reads nothing.
"""

import os
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

from ray.cluster_utils import Cluster

ROOT = str(Path(__file__).parents[4])
QUICK_WORD = "quick"
"""With this argument a node that is gone is noticed within seconds, and Ray's client is served. Without it all is as Ray has it."""
QUICK = {"health_check_period_ms": 500, "health_check_timeout_ms": 1000, "health_check_failure_threshold": 3}


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def main(folder: str, *, quick: bool) -> None:
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
        head_node_args={
            **common,
            "ray_client_server_port": free_port() if quick else None,
            "num_cpus": 0,
            "node_name": "head",
            "_system_config": QUICK if quick else None,
        },
    )
    nodes: dict[str, Any] = {}
    say(f"{cluster.address} {cluster.head_node._ray_params.ray_client_server_port} {folder}")
    for line in sys.stdin:
        deed, name, *rest = line.split()
        if deed == "add":
            processors, *path = rest
            os.environ["PYTHONPATH"] = path[0] if path else ROOT
            nodes[name] = cluster.add_node(**common, num_cpus=int(processors), node_name=name)
        elif deed == "kill":
            node = cluster.head_node if name == "head" else nodes.pop(name)
            node.kill_all_processes(check_alive=False, allow_graceful=False, wait=True)
        say("done")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="docbatch-cluster-") as place:
        try:
            main(place, quick=QUICK_WORD in sys.argv)
        finally:
            # Ray's own processes share this group, and none of them may stay.
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            os.killpg(0, signal.SIGTERM)
    os.killpg(0, signal.SIGKILL)
