"""Finding our runs at Extend: by their batch, by the names of their files, or among all that batches made lately.

Of what is not found, something else of ours that can be seen says whether it is gone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from urllib.parse import quote

from docbatch.core.models import RemoteObject
from docbatch.providers.base import Intent, Prepared
from docbatch.providers.extend import marks, uploads
from docbatch.providers.extend.calls import ROUTES, Route, Row, TooLong, document, pages, rows, since
from docbatch.providers.http.identities import identity
from docbatch.providers.http.keyed import KeyedClient

# How far the vendor's machines may disagree about the time.
SKEW = 300.0
# Uploads whose names are searched for in one look.
NAMES = 3
# Pages of the newest runs that are read for work nobody remembers; what is older has a name, or was long collected.
NEWEST = 2


class Runs:
    """Reads Extend's lists of runs. Raises what a `KeyedClient` raises, and TooLong."""

    def __init__(self, client: KeyedClient) -> None:
        self._client = client
        self._surveyed: dict[tuple[str, str], list[str]] = {}

    def of_batch(self, intent: Intent, batch: str) -> dict[str, Row]:
        return ours(intent, rows(self._client, _route(intent).runs, [("batchId", batch)]))

    def named(self, intent: Intent, name: str) -> dict[str, Row]:
        return ours(intent, rows(self._client, _route(intent).runs, [("fileNameContains", name)]))

    def of_project(self, intent: Intent) -> dict[str, Row]:
        """Return the submission's runs among those whose files bear the project's name."""
        name = ("fileNameContains", marks.project_of(intent.marker))
        return ours(intent, self._newest(intent, [name]))

    def lately_made(self, intent: Intent) -> dict[str, Row]:
        """Return the submission's runs among all that batches made since it was prepared, whatever their files are."""
        return ours(intent, self._newest(intent, [("source", _route(intent).source)]))

    def found(self, intent: Intent) -> dict[str, Row]:
        """Return the runs of a submission whose batch is not known, as far as they can be found."""
        found = self.of_project(intent)
        if not found:
            found = self.lately_made(intent)
        batch = next((row.batch for row in found.values() if row.batch), None)
        if batch is not None:
            found |= self.of_batch(intent, batch)
        elif len(found) < len(intent.batch.items):
            # Runs whose file could not be read have no name to be found by.
            found |= self.lately_made(intent)
        return found

    def markers(self, prefix: str) -> list[str]:
        """Return the markers of work that begin with the prefix. Called again after trouble, it goes on where it was."""
        for route in ROUTES.values():
            if (prefix, route.runs) not in self._surveyed:
                self._surveyed[prefix, route.runs] = list(self._markers(route, prefix))
        found = [marker for route in ROUTES.values() for marker in self._surveyed.pop((prefix, route.runs))]
        return sorted(set(found))

    def any_of(self, project: str) -> str | None:
        """Return the path of some run of a project, None where none is shown."""
        for route in ROUTES.values():
            for marker, row in self._marked(route, f"{project}-"):
                if marks.project_of(marker) == project:
                    return f"{route.runs}/{quote(row.id, safe='')}"
        return None

    def _markers(self, route: Route, prefix: str) -> Iterator[str]:
        return (marker for marker, _ in self._marked(route, prefix))

    def _marked(self, route: Route, prefix: str) -> Iterator[tuple[str, Row]]:
        # How the filter treats a dash is not documented.
        named = rows(self._client, route.runs, [("fileNameContains", prefix.rstrip("-"))])
        newest = islice(pages(self._client, route.runs, _newest_first(route)), NEWEST)
        for row in chain(_begun(named), chain.from_iterable(newest)):
            marker = row.metadata.get("submission")
            if isinstance(marker, str) and marker.startswith(prefix):
                yield marker, row

    def marked(self, marker: str) -> dict[str, Row]:
        """Return the runs that carry a marker, by item."""
        name = ("fileNameContains", marks.project_of(marker))
        for route in ROUTES.values():
            named = joined(marker, _begun(rows(self._client, route.runs, [name])))
            found = named | self._beside(route, marker, named)
            if found:
                return found
        return {}

    def _beside(self, route: Route, marker: str, known: Mapping[str, Row]) -> dict[str, Row]:
        """Return runs that carry a marker among the newest: down to those made together with the known or found ones."""
        found = dict(known)
        for page in pages(self._client, route.runs, _newest_first(route)):
            found = joined(marker, chain(found.values(), page))
            first = min((row.created for row in found.values()), default=0.0)
            if page and all(row.touched < first - SKEW for row in page):
                break
        return found

    def _newest(self, intent: Intent, params: list[tuple[str, str]]) -> Iterator[Row]:
        """Yield rows that may be as new as the submission."""
        route = _route(intent)
        if route.processor is not None:
            processor = (f"{route.processor}Id", str(intent.batch.config["processor"]["id"]))
            params = [*params, processor, ("sortBy", "createdAt"), ("sortDir", "desc")]
        return since(pages(self._client, route.runs, params), uploads.sent_after(intent.prepared) - SKEW)


class Witness:
    """Tells work that is gone from work that a key or a workspace does not show. Safe to use from several threads.

    It has to be visible each time; what was so the last time is asked for first. `runs` are searched where the service has
    lists of them. Raises what a `KeyedClient` raises.
    """

    def __init__(self, client: KeyedClient, runs: Runs | None) -> None:
        self._client = client
        self._runs = runs
        self._seen: dict[str, str] = {}

    def is_there(self, intent: Intent) -> bool:
        """Say whether files or runs of the submission's project are visible, be they of other submissions."""
        project = marks.project_of(intent.marker)
        before = self._seen.get(project)
        if before is not None and self._shows(before):
            return True
        found = next(self._look(project, intent), None)
        if found is not None:
            self._seen[project] = found
        return found is not None

    def shows_file(self, made: Sequence[str]) -> bool:
        """Say whether one of these files is visible."""
        return any(self._shows(_path(each)) for each in made[:NAMES])

    def _look(self, project: str, intent: Intent) -> Iterator[str]:
        """Yield paths of what is visible."""
        yield from filter(self._shows, map(_path, uploads.with_ids(intent.prepared)[:NAMES]))
        yield from self._named_files(project, intent)
        run = None if self._runs is None else self._runs.any_of(project)
        if run is not None:
            yield run

    def _named_files(self, project: str, intent: Intent) -> Iterator[str]:
        """Yield files of these documents under the names we gave: of collected work no ids are kept."""
        for name in spread(intent):
            reply = self._client.ask("GET", "/files", params=[("nameContains", name)])
            listed = document(reply) if reply.status == 200 else {}
            # The older version calls the rows by what they are.
            found = listed.get("data", listed.get("files"))
            for each in found if isinstance(found, list) else ():
                made = identity(each.get("id")) if isinstance(each, dict) else None
                if made is not None and str(each.get("name")).startswith(f"{project}-{name}-"):
                    yield _path(made)

    def _shows(self, path: str) -> bool:
        # Without its output: that may be large.
        return self._client.ask("GET", path, params=[("responseType", "url")]).status == 200


def ours(intent: Intent, found: Iterable[Row]) -> dict[str, Row]:
    """Return the submission's rows by item."""
    known = {item.key for item in intent.batch.items}
    return {key: row for key, row in joined(intent.marker, found).items() if key in known}


def joined(marker: str, found: Iterable[Row]) -> dict[str, Row]:
    """Join rows to items by metadata, never by order or name; of two runs of one item the earlier counts."""
    kept: dict[str, Row] = {}
    for row in found:
        key = marks.item_of(row.metadata, marker)
        if key is not None and (key not in kept or (row.created, row.id) < (kept[key].created, kept[key].id)):
            kept[key] = row
    return kept


def spread(intent: Intent) -> Sequence[str]:
    """Return what the names of a few files from all over the batch have in them; files we did not name have nothing."""
    project = marks.project_of(intent.marker)
    named = [item for item in intent.batch.items if uploads.is_named(intent.prepared, project, item)]
    chosen = {0, len(named) // 2, len(named) - 1} if named else set()
    return [marks.token(project, named[index]) for index in sorted(chosen)][:NAMES]


def remembered(found: Mapping[str, Row]) -> Prepared:
    """Return what following the found runs needs: a few of their files, and when the first of them was made."""
    first = min(row.created for row in found.values())
    seen = [row.file for row in found.values() if row.file is not None]
    return {
        f"found {file}": RemoteObject(f"found {file}", file, {"created": str(first)}) for file in seen[:NAMES]
    }


def _begun(found: Iterable[Row]) -> Iterator[Row]:
    """Yield rows as far as a list is read: what a state does not know is the newest there is, and lists begin with that."""
    try:
        yield from found
    except TooLong:
        return


def _newest_first(route: Route) -> list[tuple[str, str]]:
    order = [] if route.processor is None else [("sortBy", "createdAt"), ("sortDir", "desc")]
    return [("source", route.source), *order]


def _route(intent: Intent) -> Route:
    return ROUTES[intent.batch.operation]


def _path(file: str) -> str:
    return f"/files/{quote(file, safe='')}"
