"""Parses what is new every night: plan, send, and ask every five minutes until all is through, without holding a worker."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import invoices_tasks as tasks
import pendulum
from airflow.sdk import Param, dag, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException

FOLDER = os.environ.get("DOCBATCH_PROJECT", "/srv/docbatch/invoices")


@contextmanager
def decided() -> Iterator[None]:
    """Have Airflow try again what may go well the next time, and nothing else."""
    try:
        yield
    except tasks.TryAgain as error:
        raise AirflowException(str(error)) from error
    except tasks.Decide as error:
        raise AirflowFailException(str(error)) from error


@dag(
    schedule="0 2 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    # A second run would end with 11: the first one holds the state.
    max_active_runs=1,
    params={
        "approval": Param("", type="string", description="the digest of the plan that somebody approved")
    },
    default_args={"retries": 3, "retry_delay": timedelta(minutes=10)},
)
def invoices() -> None:
    @task.short_circuit
    def plan() -> bool:
        with decided():
            found = tasks.planned(FOLDER)
        logging.getLogger(__name__).info("%s", found)
        return bool(found["due"])

    @task
    def send(params: dict[str, str]) -> dict[str, int]:
        with decided():
            return tasks.sent(FOLDER, params["approval"])

    @task.sensor(poke_interval=300, timeout=24 * 3600, mode="reschedule")
    def collect() -> bool:
        with decided():
            return tasks.collected(FOLDER)

    plan() >> send() >> collect()


pipeline = invoices()
