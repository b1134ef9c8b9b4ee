"""What extract.page charges: one price a page, whatever the options, and the same in batches."""

from collections.abc import Mapping
from typing import Any

from docbatch.core.models import Operation
from docbatch.core.tariffs import Charge, Tariff, pages_as_counted

NOTES = ("what failed, cancelled and repeated documents are charged is not documented",)


def tariff(_operation: Operation, _config: Mapping[str, Any]) -> Tariff:
    """Return what a parse is charged. What workbooks and texts count as is not documented, and so is not known."""
    return Tariff((Charge(("parse",)),), pages_as_counted, NOTES, in_batches=True)
