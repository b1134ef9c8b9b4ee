"""The process that speaks with a Ray cluster: `python -m docbatch.providers.local.on_ray.driver`.

Ray may end a process that lost its cluster, writes where it likes and starts threads and processes: it does so here, beside the
run and never in it. When its requests end, this process ends, and takes with it whatever it started.
"""

import asyncio
import sys
from collections.abc import Callable

from docbatch.processes.frames import READY, Frame, pack, write
from docbatch.processes.parent import private_pipes
from docbatch.providers.local.on_ray.conversation import (
    ClusterNews,
    ClusterSettings,
    DriverRequest,
    news_frame,
    read_settings,
)
from docbatch.providers.local.on_ray.requests import Inbox, Requests, end_all


def main() -> None:
    requests_pipe, answers = private_pipes()

    def say(frame: Frame) -> None:
        write(answers, pack(frame))

    requests = Requests(requests_pipe)
    try:
        frame = requests.first()
    except EOFError:
        return
    assert frame.message[0] == DriverRequest.BEGIN
    settings = read_settings(frame)
    inbox = Inbox()
    requests.follow(inbox, settings.folder)
    try:
        _serve(settings, inbox, say)
    finally:
        sys.stderr.flush()
        end_all(settings.folder)


def _serve(settings: ClusterSettings, inbox: Inbox, say: Callable[[Frame], None]) -> None:
    from docbatch.providers.local.on_ray import ray_cluster  # noqa: PLC0415 - slow, and our end is noticed by now

    trouble: ClusterNews | None = ray_cluster.connect(settings)
    if trouble is None:
        say(READY)
        trouble = asyncio.run(ray_cluster.serve(settings, inbox, say))
    if trouble is not None:
        say(news_frame(trouble))
    ray_cluster.leave()


if __name__ == "__main__":
    main()
