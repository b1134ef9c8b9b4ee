"""The contract of `docbatch.providers.base` as promises, each checked on a provider and its emulator."""

from docbatch.testing.promises import finding, results, sending
from docbatch.testing.promises.promise import NotPromised, Promise, judge

__all__ = ["PROMISES", "NotPromised", "Promise", "judge"]

PROMISES: tuple[Promise, ...] = tuple(
    each
    for module in (sending, finding, results)
    for each in vars(module).values()
    if isinstance(each, Promise)
)
