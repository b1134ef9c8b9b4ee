"""Having a provider create what was recorded, as long as the record allows."""

from docbatch.providers.base import Accepted, Intent, Provider
from docbatch.sending_fence import FenceTime, check_fence, recorded_at


def recorded_create(provider: Provider, *, intent: Intent, began: FenceTime | None) -> Accepted:
    """Create what was recorded, in the thread that asks the provider. `began` is what `publish` returned.

    Whoever waited too long for that thread, for a key, for a turn or for a connection sends nothing: docbatch's own HTTP client asks again
    right before the first byte. Raises NotSent then, beside what the provider raises.
    """
    with recorded_at(began):
        check_fence()
        return provider.create(intent)
