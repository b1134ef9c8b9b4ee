"""Strikes two runners of one state at every request, or at some, and prints what came of it.

    PYTHONPATH=. .venv/bin/python benchmarks/two_runners.py [--scenario NAME] [--store NAME] [--vendor NAME]
        [--every N] [--first N] [--processes N] [--log FILE] [--again]

Each process has servers of its own for the stores. With a log, what was tried is noted there, a JSON line each, and not
tried again by the next call; `--again` tries what was wrong there once more.
"""

import argparse
import json
import logging
import multiprocessing
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.runners.gate import Point
from tests.runners.scenarios import SCENARIOS, Mode, RunnerMatrix, Trial
from tests.runners.tally import table, told
from tests.runners.two_runners import SERVICES, STORES


class Task(NamedTuple):
    scenario: str
    store: str
    service: str
    point: Point
    mode: Mode

    @property
    def name(self) -> str:
        return f"{self.scenario} {self.store} {self.service} {self.point.named} {self.mode}".strip()


@cache
def _matrix(store: str, service: str) -> RunnerMatrix:
    return RunnerMatrix(store, service, Path(tempfile.mkdtemp(prefix=f"runners-{store}-{service}-")))


def points(what: tuple[str, str, str]) -> list[Task]:
    scenario, store, service = what
    return [Task(scenario, store, service, *each) for each in _matrix(store, service).points(scenario)]


def tried(task: Task) -> Trial:
    try:
        return _matrix(task.store, task.service).trial(task.scenario, task.point, task.mode)
    except Exception:  # noqa: BLE001 - one of thousands, told in the end
        name = f"{task.point.named} {task.mode}".strip()
        return Trial(*task[:3], name, "", "", 0, 0, False, False, (traceback.format_exc(),))


def _tasks(asked: argparse.Namespace, pool: "multiprocessing.pool.Pool") -> list[Task]:
    wanted = [
        (scenario, store, service)
        for scenario in asked.scenario or SCENARIOS
        for store in asked.store or STORES
        for service in asked.vendor or SERVICES
    ]
    found = pool.map(points, wanted, chunksize=1)
    lists = [each[asked.first :: asked.every] for each in found]
    # By turns, so that whatever time there is goes to all of them.
    return [each[at] for at in range(max(map(len, lists), default=0)) for each in lists if at < len(each)]


def _known(log: Path | None, *, again: bool) -> dict[str, Trial]:
    if log is None or not log.exists():
        return {}
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    known = {line["task"]: Trial(*line["trial"]) for line in lines}
    return {name: trial for name, trial in known.items() if not (again and trial.faults)}


def _run(asked: argparse.Namespace) -> Iterator[Trial]:
    known = _known(asked.log, again=asked.again)
    yield from known.values()
    with multiprocessing.get_context("spawn").Pool(asked.processes, _quietly) as pool:
        tasks = [each for each in _tasks(asked, pool) if each.name not in known]
        print(f"{len(tasks)} points to be tried, {len(known)} known", flush=True)
        for number, (task, trial) in enumerate(pool.imap_unordered(_both, tasks), 1):
            if asked.log is not None:
                with asked.log.open("a") as log:
                    log.write(json.dumps({"task": task.name, "trial": trial}) + "\n")
            if trial.faults:
                print(told(trial), flush=True)
            elif number % 50 == 0:
                print(f"{number} of {len(tasks)}", flush=True)
            yield trial


def _both(task: Task) -> tuple[Task, Trial]:
    return task, tried(task)


def _quietly() -> None:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenario", action="append", choices=[*SCENARIOS])
    parser.add_argument("--store", action="append", choices=STORES)
    parser.add_argument("--vendor", action="append", choices=[*SERVICES])
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--again", action="store_true")
    trials = list(_run(parser.parse_args(arguments)))
    print(table(trials))
    return int(any(each.faults for each in trials))


if __name__ == "__main__":
    raise SystemExit(main())
