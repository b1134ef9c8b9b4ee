"""A Ray cluster from the driver's side: connected to, asked for its nodes, and left."""

import re
import secrets
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import ray

from docbatch.processes.frames import Frame
from docbatch.providers.local.on_ray.address import host_and_port
from docbatch.providers.local.on_ray.conversation import (
    ClusterLost,
    ClusterNews,
    ClusterSettings,
    ClusterUnfit,
)
from docbatch.providers.local.on_ray.fleet import Fleet
from docbatch.providers.local.on_ray.requests import Inbox

# Ray keeps trying for minutes at an address where nobody listens, and then ends the process.
_PROBE = 10.0
_OWN_OBJECTS = 256 << 20
_LONGEST_REASON = 600
_MISMATCH = re.compile(r"version mismatch", re.IGNORECASE)
SAME_VERSIONS = "install the same versions of Python and Ray on both sides; nothing was lost"


def connect(settings: ClusterSettings) -> ClusterNews | None:
    """Connect to the cluster, or start one; return what is in the way, None where nothing is."""
    if settings.address is not None and (fault := _probed(settings.address)):
        return ClusterLost(fault)
    try:
        ray.init(**_arguments(settings))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - Ray raises what its parts do
        reason = " ".join(str(error).split())[:_LONGEST_REASON] or type(error).__name__
        return ClusterUnfit(reason, SAME_VERSIONS) if _MISMATCH.search(reason) else ClusterLost(reason)
    return None


def _probed(address: str) -> str | None:
    try:
        socket.create_connection(host_and_port(address), timeout=_PROBE).close()
    except (OSError, OverflowError) as error:
        return getattr(error, "strerror", None) or str(error) or type(error).__name__
    return None


def _arguments(settings: ClusterSettings) -> dict[str, Any]:
    common: dict[str, Any] = {
        "log_to_driver": False,
        "configure_logging": False,
        "logging_level": "ERROR",
        "namespace": f"docbatch-{secrets.token_hex(8)}",
    }
    if settings.address is not None:
        return {**common, "address": settings.address}
    own = {
        "address": "local",
        "num_cpus": settings.workers,
        "num_gpus": 0,
        "object_store_memory": _OWN_OBJECTS,
        "include_dashboard": False,
        "_node_ip_address": "127.0.0.1",
        "_temp_dir": settings.folder,
    }
    return {**common, **own}


async def serve(settings: ClusterSettings, inbox: Inbox, say: Callable[[Frame], None]) -> ClusterNews | None:
    """Have documents read until nothing more is asked; return what ended it before, if anything did."""
    return await Fleet(settings, say).serve(inbox)


def leave() -> None:
    """Let go of the cluster; what was started for this run alone ends."""
    with suppress(Exception):
        ray.shutdown()
