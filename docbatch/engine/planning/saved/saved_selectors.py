"""Selectors in plan files, with the moment that ages were told at: what was selected then is selected when the plan is run."""

from typing import Any, NamedTuple

from docbatch.core.selectors import EVERYTHING, Labels, Selectors, values


class SavedSelectors(NamedTuple):
    """Selectors, and when documents were selected by them (wall time); None where ages play no part."""

    selectors: Selectors = EVERYTHING
    at: float | None = None

    def written(self) -> dict[str, Any] | None:
        """Return them as JSON; None where nothing is selected by."""
        chosen = self.selectors
        if not chosen.are_any:
            return None
        return {
            "jobs": list(chosen.jobs),
            "labels": {name: list(values(value)) for name, value in chosen.labels.items()},
            "paths": list(chosen.paths),
            "states": list(chosen.states),
            "changed": chosen.changed,
            "failed": chosen.failed,
            "older_than": chosen.older_than,
            "at": self.at,
        }

    @classmethod
    def read(cls, written: Any) -> "SavedSelectors":
        """Return what `written` gave. Raises ValueError, KeyError, TypeError, AttributeError for what it never gives."""
        if written is None:
            return cls()
        labels: Labels = {str(name): _texts(each) for name, each in written["labels"].items()}
        selectors = Selectors(
            jobs=_texts(written["jobs"]),
            labels=labels,
            paths=_texts(written["paths"]),
            states=_texts(written["states"]),
            changed=bool(written["changed"]),
            failed=bool(written["failed"]),
            older_than=_number(written["older_than"]),
        )
        return cls(selectors, _number(written["at"]))


def _texts(written: Any) -> tuple[str, ...]:
    return tuple(str(each) for each in written)


def _number(written: Any) -> float | None:
    return None if written is None else float(written)
