"""Stands for the driver where a test is about the pool: the address it is given says how it behaves.

It takes every document for unsupported. `FOLDER/…` is a folder in which it leaves a file each time it is started.
"""

import os
import sys
import time
from pathlib import Path

from docbatch.core.models import Failure, FailureClass
from docbatch.processes.frames import CHUNK, READY, Frame, Frames, pack, write
from docbatch.providers.local.messages import read_tasks
from docbatch.providers.local.on_ray.conversation import (
    ClusterIdle,
    ClusterLost,
    ClusterNews,
    ClusterRemark,
    ClusterSize,
    ClusterUnfit,
    ended_frame,
    news_frame,
    read_settings,
)


def say(frame: Frame) -> None:
    write(1, pack(frame))


def tell(news: ClusterNews) -> None:
    say(news_frame(news))


def begin(way: str, starts: int) -> None:
    if way == "silent":
        time.sleep(600)
    if way == "absent" or (way == "comes-back" and starts == 2):
        tell(ClusterLost("Connection refused"))
        sys.exit(1)
    if way == "unfit":
        tell(ClusterUnfit("it has Ray 1", "install Ray 2"))
        sys.exit(1)
    if way == "dies-at-once":
        sys.stderr.write("noise\nno memory for that\n")
        sys.exit(1)
    say(READY)
    tell(ClusterSize(3))
    if way == "idle":
        tell(ClusterIdle("no processor is free"))
    if way == "talks":
        tell(ClusterRemark("node n1 is gone"))
        tell(ClusterRemark("node n1 is gone"))


def main() -> None:
    frames = Frames()
    way, starts = "", 0
    while chunk := os.read(0, CHUNK):
        for frame in frames.feed(chunk):
            if frame.message[0] == "begin":
                folder, _, way = (read_settings(frame).address or "").rpartition("/")
                (Path(folder) / f"{os.getpid()}.start").touch()
                starts = len(list(Path(folder).glob("*.start")))
                begin(way, starts)
            elif frame.message[0] == "tasks" and way != "idle":
                for number, task in enumerate(read_tasks(frame.message[1])):
                    if number == 1 and starts == 1 and way in {"dies-once", "comes-back"}:
                        sys.exit(1)
                    if way == "babbles":
                        os.write(1, b"{}" * 100)
                    say(ended_frame(task.id, Failure(FailureClass.UNSUPPORTED, f"start {starts}")))


if __name__ == "__main__":
    main()
