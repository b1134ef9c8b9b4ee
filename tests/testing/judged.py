"""The example's provider with three faults, under the kit as its author would run it.

Run by test_example_provider.py in the venv of the example, and by nobody else.
"""

from dataclasses import replace
from typing import Any

from pigeon import VENDOR

from docbatch.testing import CrashMatrix, ProviderContract, Vendor


def planted(name: str) -> Vendor[Any]:
    return replace(VENDOR, kind=f"tests.testing.faulty:KIND_{name}", patience=0.3)


class TestResends(ProviderContract, CrashMatrix):
    vendor = planted("Resends")


class TestBelieves(ProviderContract, CrashMatrix):
    vendor = planted("Believes")


class TestHasty(ProviderContract, CrashMatrix):
    vendor = planted("Hasty")


class TestLoses(ProviderContract):
    vendor = planted("Loses")


class TestConfuses(ProviderContract):
    vendor = planted("Confuses")
