"""Having a provider create what was recorded, as long as the record allows."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from docbatch.providers.base import Accepted, Intent, Provider

if TYPE_CHECKING:
    from docbatch.sending_fence import FenceTime


def recorded_create(
    provider: Provider, *, intent: Intent, began: "FenceTime | None", back: Callable[[str], None]
) -> Accepted:
    """Create what was recorded, in the thread that asks the provider. `began` is what `publish` returned.

    Whoever waited too long for that thread, for a key, for a turn or for a connection sends nothing: docbatch's own HTTP client asks again
    right before the first byte. `back` is told of the submission once nothing of it is under way any more. Raises NotSent then, beside what the provider raises.
    """
    from docbatch.sending_fence import check_fence, recorded_at  # noqa: PLC0415 - most runs send nothing

    try:
        with recorded_at(began):
            check_fence()
            return provider.create(intent)
    finally:
        back(intent.submission)
