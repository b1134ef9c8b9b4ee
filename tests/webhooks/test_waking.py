"""From the vendor's delivery to the written document: three processes, one wake-up."""

import time
from pathlib import Path

from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.emulators.extend.webhook import about_batches
from docbatch.testing.patience import until
from tests.providers.extend.project import DOCUMENTS, extend_project
from tests.webhooks.listening import EXTEND_SECRET, ended, listening_on

SELDOM = "poll: {initial: 600, max: 600}"


def test_a_waiting_apply_collects_as_soon_as_a_webhook_speaks(tmp_path: Path) -> None:
    passed = 0.0
    with ExtendEmulator() as vendor:
        vendor.clock = lambda: time.time() + passed
        vendor.latency = 300.0
        project = extend_project(tmp_path, vendor)
        settings = (project.root / "docbatch.yaml").read_text()
        project.write({"docbatch.yaml": settings.replace("poll: {initial: 0.05, max: 0.2}", SELDOM)})
        with listening_on(project) as listening, ended(project.start("apply")) as apply:
            until(lambda: any(each.param("batchId") for each in vendor.sent("GET")), "nothing was polled")
            assert apply.poll() is None
            passed = 400.0
            statuses = [each.send(listening.urls["extend"]) for each in about_batches(vendor, EXTEND_SECRET)]
            assert statuses == [202]
            # Without the webhook it would wait ten minutes.
            out, err = apply.communicate(timeout=60)

    assert apply.returncode == 0, out + err
    assert len(vendor.ledger) == len(DOCUMENTS)
    assert len(project.outputs()) == 2 * len(DOCUMENTS)
