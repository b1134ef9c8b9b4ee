"""What documents come to, asked once the first of them is about to be sent: most runs send none."""

from typing import TYPE_CHECKING

from docbatch.core.limits import Cost
from docbatch.core.models import WorkItem
from docbatch.engine.planning.plan import Plan

if TYPE_CHECKING:
    from docbatch.engine.planning.amounts.item_costs import ItemCosts


class CostsWhenSent:
    """The costs of a plan's documents, for the budget of its run."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._costs: ItemCosts | None = None

    def __call__(self, job: str, item: WorkItem, pages: int | None) -> Cost:
        """Return what an item comes to at most that a job pays for; `pages` is what is assumed where nothing is counted."""
        if self._costs is None:
            self._costs = self._plan.costs()
        return self._costs.cost(job, item, pages)
