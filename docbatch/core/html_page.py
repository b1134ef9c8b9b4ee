"""A page of HTML that needs nothing else: no picture, no style, no script from elsewhere. Pure."""

import hashlib
from base64 import b64encode
from collections.abc import Iterable
from html import escape

from docbatch.core.report import visible

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }}
h1 {{ font-size: 1.3rem; }}
h2 {{ font-size: 1.1rem; margin: 2rem 0 .5rem; overflow-wrap: anywhere; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ border-bottom: 1px solid #8884; padding: .35rem .6rem; text-align: left; vertical-align: top; }}
td {{ overflow-wrap: anywhere; }}
th.number, td.number {{ text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }}
td.action {{ white-space: nowrap; font-weight: 600; }}
code, li {{ overflow-wrap: anywhere; }}
code {{ font: .9em ui-monospace, monospace; background: #8882; padding: 0 .25em; border-radius: 3px; }}
ul {{ margin: .3rem 0; padding-left: 1.2rem; }}
.caution {{ border-left: 4px solid #d97706; background: #d9770622; padding: .5rem .8rem; }}
.rest, small {{ opacity: .75; }}
{style}</style>
</head>
<body>
{body}
{script}</body>
</html>
"""


def html_page(title: str, lines: Iterable[str], *, style: str = "", script: str = "") -> str:
    """Return a page. Its one script, if it has any, is the only one that a browser runs on it."""
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"{_POLICY}; script-src 'sha256-{digest}'" if script else _POLICY
    return _PAGE.format(
        policy=policy,
        title=shown(title),
        style=style,
        body="\n".join(lines),
        script=f"<script>{script}</script>\n" if script else "",
    )


def listed(rows: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{row}</li>' for row in rows)}</ul>"


def shown(text: str) -> str:
    """Return text of others' making as it stands in a page."""
    return escape(visible(text))
