"""Pictures of the emulated Extend: links in the blocks of figures, which expire, to what was cut out of a document."""

from typing import Any

from docbatch.emulators.extend.direct_calls import DirectCalls
from docbatch.emulators.extend.objects import Run, block_json, output


class Figures(DirectCalls):
    """`pictures` are on the first page of files whose name ends so; None among them is linked to and is not there.

    With `own_links` links go where these say instead.
    """

    def __init__(self, *, key: str, workspace: str) -> None:
        super().__init__(key=key, workspace=workspace)
        self.pictures: dict[str, list[bytes | None]] = {}
        self.own_links: list[str] = []

    def found(self, run: Run) -> dict[str, Any]:
        """Return what a run found, with its figures."""
        shown = output(run)
        name = run.file.name if run.file else ""
        given = next((found for ending, found in self.pictures.items() if name.endswith(ending)), [])
        if run.operation != "parse" or not self.scripted:
            return shown
        for number, picture in enumerate(given):
            path = f"/figures/{run.id}/{number}.png"
            if picture is not None:
                self.blobs[path] = picture
            self._add(shown["chunks"][0], number, self.presigned("GET", path))
        for number, link in enumerate(self.own_links, len(given)):
            self._add(shown["chunks"][0], number, link)
        return shown

    def _add(self, chunk: dict[str, Any], number: int, link: str) -> None:
        block = block_json(1, f"figure{number}", "figure", f"Figure {number + 1} of the page", 500)
        block["details"] = {"type": "figure_details", "imageUrl": link, "figureType": "image"}
        chunk["blocks"].append(block)
        chunk["content"] += f"\n\n{block['content']}"
