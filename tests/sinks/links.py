"""The links to pictures in outputs, and where they lead."""

import json
import os
import re
from html import unescape
from pathlib import Path
from urllib.parse import unquote_to_bytes

_MARKDOWN = re.compile(r"!\[[^\]]*\]\(([^)]*)\)")
_HTML = re.compile(r'<img src="([^"]*)"')


def links(output: Path) -> list[str]:
    """Return the addresses of the pictures that an output shows."""
    text = output.read_text()
    if output.suffix == ".html":
        return [unescape(found) for found in _HTML.findall(text)]
    if output.suffix == ".json":
        return [each["link"] for each in json.loads(text)["pictures"]]
    return _MARKDOWN.findall(text)


def shown(output: Path) -> list[bytes]:
    """Return the pictures that an output shows, read from where its links lead."""
    return [(output.parent / os.fsdecode(unquote_to_bytes(link))).read_bytes() for link in links(output)]
