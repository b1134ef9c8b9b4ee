"""The hours in which a job sends, as users write them."""

from typing import ClassVar

from docbatch.hours import HoursOfDay

NO_WINDOW = (
    "a deadline is for documents that wait for a window, and there is none",
    "add a window, or remove the deadline",
)
"""What is said of a deadline alone, and what to do about it."""


class WindowSpec(HoursOfDay):
    """When documents of a job may be sent. What was sent is followed at any hour."""

    endless: ClassVar[tuple[str, str]] = (
        "this window never ends",
        "leave window: out to send at any hour",
    )
