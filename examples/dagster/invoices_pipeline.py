"""Parses what is new every night: plan, send, and ask every five minutes until all is through."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import invoices_tasks as tasks

FOLDER = os.environ.get("DOCBATCH_PROJECT", "/srv/docbatch/invoices")
TRIES, LOOKS, SECONDS = 3, 24 * 12, 300


@contextmanager
def decided() -> Iterator[None]:
    """Have Dagster try again what may go well the next time, and nothing else."""
    try:
        yield
    except tasks.TryAgain as error:
        raise dg.RetryRequested(max_retries=TRIES, seconds_to_wait=600) from error
    except tasks.Decide as error:
        raise dg.Failure(str(error), allow_retries=False) from error


@dg.op(out=dg.Out(bool, is_required=False))
def plan(context: dg.OpExecutionContext) -> Iterator[dg.Output[bool]]:
    with decided():
        found = tasks.planned(FOLDER)
    context.log.info(str(found))
    if found["due"]:
        yield dg.Output(True)


@dg.op(ins={"due": dg.In(dg.Nothing)}, config_schema={"approval": dg.Field(str, default_value="")})
def send(context: dg.OpExecutionContext) -> dict[str, int]:
    with decided():
        return tasks.sent(FOLDER, context.op_config["approval"])


@dg.op(ins={"sent": dg.In(dg.Nothing)})
def collect() -> None:
    with decided():
        through = tasks.collected(FOLDER)
    if not through:
        raise dg.RetryRequested(max_retries=LOOKS, seconds_to_wait=SECONDS)


@dg.job(tags={"dagster/concurrency_key": "docbatch-invoices"})
def invoices() -> None:
    collect(send(plan()))


nightly = dg.ScheduleDefinition(job=invoices, cron_schedule="0 2 * * *")
definitions = dg.Definitions(jobs=[invoices], schedules=[nightly])
