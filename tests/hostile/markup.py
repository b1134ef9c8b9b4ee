"""Hostile HTML, Markdown and e-mail."""

import base64

from tests.hostile.archives import packed
from tests.hostile.office import CALLED, LAUGHS, STOLEN

HEAD = "From: a@mail.example\r\nTo: b@mail.example\r\nSubject: hostile\r\nMIME-Version: 1.0\r\n"


def html(body: str, before: str = "<!DOCTYPE html>") -> bytes:
    return f"{before}<html><body>{body}</body></html>".encode()


def table(attributes: str) -> bytes:
    return html(f"<table><tr><td {attributes}>wide</td></tr><tr><td>x</td></tr></table>")


def mail(kind: str, body: str) -> bytes:
    return f"{HEAD}Content-Type: {kind}\r\n\r\n{body}".encode()


def nested_mail(depth: int) -> bytes:
    opening = "".join(
        f"--b{at}\r\nContent-Type: multipart/mixed; boundary=b{at + 1}\r\n\r\n" for at in range(depth)
    )
    return mail("multipart/mixed; boundary=b0", f"{opening}--b{depth}\r\n\r\ndeep\r\n")


def forwarded(depth: int) -> bytes:
    return mail("message/rfc822", f"{HEAD}Content-Type: message/rfc822\r\n\r\n" * depth + "deep")


def many_parts() -> bytes:
    part = "--b\r\nContent-Type: text/plain\r\n\r\nsmall\r\n"
    return mail("multipart/mixed; boundary=b", part * 20_000 + "--b--\r\n")


def attached_bomb() -> bytes:
    bomb = base64.encodebytes(packed({"zeros.txt": b"\0" * 50_000_000})).decode()
    head = "Content-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment"
    name = 'filename="../../../tmp/escaped.zip"'
    return mail("multipart/mixed; boundary=b", f"--b\r\n{head}; {name}\r\n\r\n{bomb}\r\n--b--\r\n")


MAKERS = {
    "elements-nested-100000.html": lambda: html("<div>" * 100_000 + "deep"),
    "lists-nested.html": lambda: html("<ul><li>" * 20_000 + "deep"),
    "tables-nested.html": lambda: html("<table><tr><td>" * 5_000 + "deep"),
    "column-span-huge.html": lambda: table('colspan="1000000000"'),
    "row-span-huge.html": lambda: table('rowspan="65534" colspan="1000"'),
    "spans-multiply.html": lambda: html(
        f"<table>{'<tr>' + '<td colspan=1000 rowspan=1000>x</td>' * 50 + '</tr>'}</table>"
    ),
    "tag-never-closed.html": lambda: html("<a href='" + "x" * 2_000_000),
    "attributes-50000.html": lambda: html(f"<p {' '.join(f'a{at}=1' for at in range(50_000))}>many</p>"),
    "comment-never-closed.html": lambda: html("<!--" + "-" * 1_000_000),
    "entities-expand.html": lambda: html("<p>&a10;</p>", LAUGHS.replace("DOCTYPE x", "DOCTYPE html")),
    "entity-reads-a-file.html": lambda: html("<p>&stolen;</p>", STOLEN.replace("DOCTYPE x", "DOCTYPE html")),
    "entity-calls-a-host.html": lambda: html("<p>x</p>", CALLED.replace("DOCTYPE x", "DOCTYPE html")),
    "references-beyond-unicode.html": lambda: html("<p>&#x110000; &#xD800; &#99999999999; &#0;</p>"),
    "frames-and-scripts.html": lambda: html(
        "<script>while(1){}</script><iframe src='file:///etc/passwd'></iframe><img src='http://127.0.0.1:9/x.png'>"
        "<base href='http://127.0.0.1:9/'><meta http-equiv=refresh content='0;url=/'>"
    ),
    "charset-lies.html": lambda: html("<meta charset='utf-7'><p>+ADw-script+AD4- é</p>").replace(
        b"\xc3\xa9", b"\xe9"
    ),
    "data-link-of-megabytes.html": lambda: html(f"<img src='data:image/png;base64,{'A' * 2_000_000}'>"),
    "quotes-nested.md": lambda: b">" * 20_000 + b" deep\n",
    "lists-nested.md": lambda: b"".join(b" " * (2 * at) + b"- x\n" for at in range(1_000)),
    "brackets-unclosed.md": lambda: b"[" * 50_000,
    "links-unclosed.md": lambda: b"[a](<b" * 30_000,
    "emphasis-tangled.md": lambda: b"*a **b " * 30_000,
    "backticks-growing.md": lambda: b" ".join(b"`" * at for at in range(1, 1_500)),
    "table-of-2000-columns.md": lambda: (
        b"|a" * 2_000 + b"|\n" + b"|-" * 2_000 + b"|\n" + b"|b" * 2_000 + b"|\n"
    ),
    "front-matter-bomb.md": lambda: b"---\na: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n---\n" + b"# t\n" * 5,
    "parts-nested.eml": lambda: nested_mail(2_000),
    "parts-20000.eml": many_parts,
    "forwarded-1000-times.eml": lambda: forwarded(1_000),
    "attached-bomb-leaves-the-folder.eml": attached_bomb,
    "boundary-missing.eml": lambda: mail("multipart/mixed", "--b\r\n\r\nlost\r\n"),
    "boundary-empty.eml": lambda: mail('multipart/mixed; boundary=""', "--\r\n\r\nlost\r\n--\r\n"),
    "header-of-a-megabyte.eml": f"{HEAD}X-Long: {'x' * 1_000_000}\r\n\r\nbody".encode,
    "headers-only.eml": HEAD.encode,
    "charset-unknown.eml": lambda: mail("text/plain; charset=no-such-charset", "what is this"),
    "encoded-words-broken.eml": lambda: (
        HEAD.replace("hostile", "=?utf-8?B?####?= =?x?q?=FF?=").encode() + b"\r\nx"
    ),
    "base64-broken.eml": lambda: mail("text/plain\r\nContent-Transfer-Encoding: base64", "@@@=A=A" * 2_000),
    "part-names-a-file.eml": lambda: mail(
        "message/external-body; access-type=local-file; name=/etc/passwd", "x"
    ),
}
