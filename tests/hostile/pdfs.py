"""Hostile PDFs: loops, bombs, lies about sizes, and one that needs a password."""

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from itertools import pairwise

from tests.hostile.bombs import zeros

Objects = Mapping[int, bytes]

CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
FONTS = b"/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 300] /Contents 4 0 R " + FONTS + b" >>"
WORDS = b"BT /F1 12 Tf 20 200 Td (Something to read) Tj ET"
PADDING = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")


def stream(body: bytes, entries: bytes = b"") -> bytes:
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(body), body)


def sound() -> dict[int, bytes]:
    return {1: CATALOG, 2: PAGES, 3: PAGE, 4: stream(WORDS)}


def file(objects: Objects, trailer: bytes = b"", *, start: int | None = None) -> bytes:
    """Return a file with a correct table; `start` overrides where the table is said to be."""
    body, offsets = bytearray(b"%PDF-1.7\n"), {}
    for number, content in objects.items():
        offsets[number] = len(body)
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    where, size = len(body), max(objects) + 1
    body += b"xref\n0 %d\n0000000000 65535 f \n" % size
    for number in range(1, size):
        body += b"%010d 00000 n \n" % offsets.get(number, 0)
    body += b"trailer\n<< /Size %d /Root 1 0 R %s >>\n" % (size, trailer)
    return bytes(body + b"startxref\n%d\n%%%%EOF\n" % (where if start is None else start))


def changed(objects: Objects) -> bytes:
    """Return a sound file with some of its objects replaced or added."""
    return file(sound() | dict(objects))


def page(entries: bytes) -> bytes:
    return PAGE.replace(b"/Contents", entries + b" /Contents")


def drawing(content: bytes, entries: bytes = b"") -> bytes:
    return changed({4: stream(content, entries)})


def outline(*items: bytes) -> bytes:
    root = b"<< /Type /Catalog /Pages 2 0 R /Outlines 5 0 R >>"
    top = b"<< /Type /Outlines /First 6 0 R /Last 6 0 R /Count 1 >>"
    return changed({1: root, 5: top} | dict(enumerate(items, 6)))


def outline_cousins() -> bytes:
    first = b"<< /Title (A) /Parent 5 0 R /Next 7 0 R >>"
    return outline(first, b"<< /Title (B) /Parent 5 0 R /First 6 0 R /Last 6 0 R /Next 6 0 R >>")


def nested_page_tree() -> bytes:
    depth = 5_000
    levels = {5 + at: b"<< /Type /Pages /Kids [%d 0 R] /Count 1 >>" % (6 + at) for at in range(depth)}
    return changed({2: b"<< /Type /Pages /Kids [5 0 R] /Count 1 >>"} | levels | {5 + depth: PAGE})


def one_page_many_times() -> bytes:
    kids = b"3 0 R " * 20_000
    return changed({2: b"<< /Type /Pages /Kids [%s] /Count 20000 >>" % kids})


def bomb(rounds: int) -> bytes:
    """Return a page whose drawing unpacks to 200 MB of blanks, after `rounds` of inflation."""
    packed = zeros(200_000_000)
    for _ in range(rounds - 1):
        packed = zlib.compress(packed, 9)
    return drawing(packed, b"/Filter [" + b"/FlateDecode " * rounds + b"]")


def form(*bodies: bytes) -> bytes:
    """Return a page that calls form 5; form n + 5 draws `bodies[n]` and may call /Self and /Other."""
    names = b"/Resources << /XObject << /Self 5 0 R /Other %d 0 R >> >>" % (4 + len(bodies))
    entries = b"/Type /XObject /Subtype /Form /BBox [0 0 300 300] " + names
    forms = {5 + at: stream(body, entries) for at, body in enumerate(bodies)}
    caller = PAGE.replace(FONTS, b"/Resources << /XObject << /Self 5 0 R >> >>")
    return changed({3: caller, 4: stream(b"/Self Do")} | forms)


def picture(entries: bytes, body: bytes) -> bytes:
    image = stream(body, b"/Type /XObject /Subtype /Image " + entries)
    caller = PAGE.replace(FONTS, b"/Resources << /XObject << /Im 5 0 R >> >>")
    return changed({3: caller, 4: stream(b"300 0 0 300 0 0 cm /Im Do"), 5: image})


def glyph_that_draws_itself() -> bytes:
    glyph = stream(b"1000 0 d0 BT /T 12 Tf (a) Tj ET")
    font = (
        b"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 9 9] /FontMatrix [.001 0 0 .001 0 0] /FirstChar 97 "
        b"/LastChar 97 /Widths [1000] /CharProcs << /a 6 0 R >> /Encoding << /Differences [97 /a] >> "
        b"/Resources << /Font << /T 5 0 R >> >> >>"
    )
    caller = PAGE.replace(FONTS, b"/Resources << /Font << /T 5 0 R >> >>")
    return changed({3: caller, 4: stream(b"BT /T 12 Tf (aaa) Tj ET"), 5: font, 6: glyph})


def form_doubling() -> bytes:
    """Return forms that each call the next one twice: 2^30 calls from 3 kB."""
    forms = {}
    for number in range(5, 35):
        names = b"/Resources << /XObject << /Next %d 0 R >> >>" % (number + 1)
        forms[number] = stream(
            b"/Next Do /Next Do", b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] " + names
        )
    forms[35] = stream(WORDS, b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] " + FONTS)
    caller = PAGE.replace(FONTS, b"/Resources << /XObject << /Next 5 0 R >> >>")
    return changed({3: caller, 4: stream(b"/Next Do")} | forms)


def encrypted() -> bytes:
    """Return a file locked with 40-bit RC4 under a password that nobody is told."""
    identity, permissions = bytes(16), -44
    user = (b"secret" + PADDING)[:32]
    owner = rc4(hashlib.md5((b"owner" + PADDING)[:32]).digest()[:5], user)
    seed = user + owner + permissions.to_bytes(4, "little", signed=True) + identity
    key = hashlib.md5(seed).digest()[:5]
    content = rc4(hashlib.md5(key + b"\x04\0\0\0\0").digest()[:10], WORDS)
    lock = b"<< /Filter /Standard /V 1 /R 2 /P %d /O <%s> /U <%s> >>"
    entry = lock % (permissions, owner.hex().encode(), rc4(key, PADDING).hex().encode())
    ids = identity.hex().encode()
    return file(sound() | {4: stream(content), 5: entry}, b"/Encrypt 5 0 R /ID [<%s> <%s>]" % (ids, ids))


def rc4(key: bytes, message: bytes) -> bytes:
    box, j = list(range(256)), 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) % 256
        box[i], box[j] = box[j], box[i]
    out, i, j = bytearray(), 0, 0
    for byte in message:
        i = (i + 1) % 256
        j = (j + box[i]) % 256
        box[i], box[j] = box[j], box[i]
        out.append(byte ^ box[(box[i] + box[j]) % 256])
    return bytes(out)


def table_that_points_at_itself() -> bytes:
    whole = file(sound())
    where = whole.rindex(b"xref\n0")
    return whole.replace(b"/Root", b"/Prev %d /Root" % where)


def two_tables_in_a_ring() -> bytes:
    whole = file(sound(), b"/Prev 0000000000")
    first, second = whole.rindex(b"xref\n0"), len(whole)
    whole = whole.replace(b"/Prev 0000000000", b"/Prev %010d" % second)
    trailer = b"trailer\n<< /Size 5 /Root 1 0 R /Prev %d >>\n" % first
    return whole + b"xref\n0 0\n" + trailer + b"startxref\n%d\n%%%%EOF\n" % second


def object_stream_in_itself() -> bytes:
    inside = b"5 0 1 20 << /Type /ObjStm >> " + CATALOG
    return changed({5: stream(inside, b"/Type /ObjStm /N 2 /First 9 /Extends 5 0 R")})


def references_in_a_chain() -> bytes:
    links = {number: b"%d 0 R" % following for number, following in pairwise(range(5, 3_000))}
    return changed({4: b"5 0 R", 2_999: b"4 0 R"} | links)


def million_words() -> bytes:
    lines = b"".join(
        b"1 0 0 1 %d %d Tm (word%d) Tj " % (at % 290, at // 290 % 290, at) for at in range(200_000)
    )
    return drawing(zlib.compress(b"BT /F1 1 Tf " + lines + b" ET"), b"/Filter /FlateDecode")


def boxed(box: bytes) -> bytes:
    return changed({3: PAGE.replace(b"[0 0 300 300]", box)})


def launching() -> bytes:
    action = b"<< /S /Launch /F (/bin/sh) /Next << /S /URI /URI (http://127.0.0.1:9/) >> >>"
    return changed({1: b"<< /Type /Catalog /Pages 2 0 R /OpenAction %s >>" % action})


def titled(title: bytes) -> bytes:
    return file(sound() | {5: b"<< /Title %s >>" % title}, b"/Info 5 0 R")


def filtered(names: Sequence[bytes]) -> bytes:
    return drawing(b"\x00\x01\xfe\xff" * 500, b"/Filter [" + b" ".join(b"/" + name for name in names) + b"]")


MAKERS = {
    "encrypted.pdf": encrypted,
    "outline-next-is-itself.pdf": lambda: outline(b"<< /Title (A) /Parent 5 0 R /Next 6 0 R >>"),
    "outline-child-is-itself.pdf": lambda: outline(b"<< /Title (A) /First 6 0 R /Last 6 0 R >>"),
    "outline-cousins-in-a-ring.pdf": outline_cousins,
    "outline-root-is-its-child.pdf": lambda: outline(b"<< /Title (A) /First 5 0 R /Last 5 0 R >>"),
    "page-tree-holds-itself.pdf": lambda: changed({2: b"<< /Type /Pages /Kids [2 0 R 3 0 R] /Count 2 >>"}),
    "page-is-its-own-parent.pdf": lambda: changed({3: PAGE.replace(b"2 0 R", b"3 0 R")}),
    "page-tree-nested-deep.pdf": nested_page_tree,
    "page-count-of-two-billion.pdf": lambda: changed({2: PAGES.replace(b"/Count 1", b"/Count 2147483647")}),
    "page-count-negative.pdf": lambda: changed({2: PAGES.replace(b"/Count 1", b"/Count -1")}),
    "page-tree-empty.pdf": lambda: changed({2: b"<< /Type /Pages /Kids [] /Count 0 >>"}),
    "page-20000-times.pdf": one_page_many_times,
    "page-missing.pdf": lambda: changed({2: PAGES.replace(b"3 0 R", b"77 0 R")}),
    "bomb-deflated.pdf": lambda: bomb(1),
    "bomb-deflated-twice.pdf": lambda: bomb(2),
    "box-as-large-as-a-country.pdf": lambda: boxed(b"[0 0 1e9 1e9]"),
    "box-beyond-floats.pdf": lambda: boxed(b"[0 0 1" + b"0" * 400 + b" 300]"),
    "box-inside-out.pdf": lambda: boxed(b"[300 300 -300 -300]"),
    "box-of-no-size.pdf": lambda: boxed(b"[0 0 0 0]"),
    "box-of-words.pdf": lambda: boxed(b"[/a (b) null true]"),
    "arrays-nested-100000.pdf": lambda: changed(
        {5: b"[" * 100_000 + b"]" * 100_000, 3: page(b"/Deep 5 0 R")}
    ),
    "dictionaries-nested.pdf": lambda: changed(
        {3: page(b"/D " + b"<< /D " * 50_000 + b"1" + b" >>" * 50_000)}
    ),
    "drawing-nested-arrays.pdf": lambda: drawing(b"[" * 100_000),
    "drawing-saves-for-ever.pdf": lambda: drawing(b"q " * 500_000 + WORDS),
    "drawing-without-end.pdf": lambda: drawing(b"BT /F1 12 Tf (never closed " * 2_000),
    "drawing-of-200000-words.pdf": million_words,
    "form-calls-itself.pdf": lambda: form(b"/Self Do /Self Do"),
    "forms-call-each-other.pdf": lambda: form(b"/Other Do", b"/Self Do"),
    "forms-double.pdf": form_doubling,
    "glyph-draws-itself.pdf": glyph_that_draws_itself,
    "image-of-ten-gigapixels.pdf": lambda: picture(
        b"/Width 100000 /Height 100000 /ColorSpace /DeviceGray /BitsPerComponent 8", b"\0" * 100
    ),
    "image-negative.pdf": lambda: picture(
        b"/Width -5 /Height 5 /ColorSpace /DeviceRGB /BitsPerComponent 8", b"\0"
    ),
    "image-jpx-noise.pdf": lambda: picture(
        b"/Width 9 /Height 9 /Filter /JPXDecode", b"\0\0\0\x0cjP  noise" * 50
    ),
    "image-jbig2-noise.pdf": lambda: picture(
        b"/Width 9 /Height 9 /BitsPerComponent 1 /ColorSpace /DeviceGray /Filter /JBIG2Decode",
        b"\x97JB2" * 99,
    ),
    "filters-unknown.pdf": lambda: filtered([b"NoSuchDecode"]),
    "filters-50-deep.pdf": lambda: filtered([b"ASCIIHexDecode"] * 50),
    "filters-lzw-noise.pdf": lambda: filtered([b"LZWDecode"]),
    "length-of-a-terabyte.pdf": lambda: changed(
        {4: stream(WORDS).replace(b"%d" % len(WORDS), b"1099511627776")}
    ),
    "length-refers-to-itself.pdf": lambda: changed({4: stream(WORDS).replace(b"%d" % len(WORDS), b"4 0 R")}),
    "references-in-a-chain.pdf": references_in_a_chain,
    "object-stream-in-itself.pdf": object_stream_in_itself,
    "table-points-at-itself.pdf": table_that_points_at_itself,
    "tables-in-a-ring.pdf": two_tables_in_a_ring,
    "table-before-the-file.pdf": lambda: file(sound(), start=-17),
    "table-beyond-the-file.pdf": lambda: file(sound(), start=10**12),
    "root-missing.pdf": lambda: file(sound()).replace(b"/Root 1 0 R", b"/Root 9 0 R"),
    "root-is-a-number.pdf": lambda: changed({1: b"42"}),
    "header-only.pdf": lambda: b"%PDF-1.7\n",
    "header-after-900-bytes.pdf": lambda: b"x" * 900 + file(sound()),
    "header-of-version-99.pdf": lambda: file(sound()).replace(b"%PDF-1.7", b"%PDF-99.9"),
    "launches-a-program.pdf": launching,
    "name-of-a-megabyte.pdf": lambda: changed({3: page(b"/" + b"n" * 1_000_000 + b" 1")}),
    "title-with-lone-surrogates.pdf": lambda: titled(b"<FEFFD800D800DC00DC00>"),
    "title-with-escapes.pdf": lambda: titled(b"(\\033[2J\\033]0;owned\\007 \\000 \\r\\n)"),
    "numbers-beyond-sense.pdf": lambda: drawing(b"1e999 -1e999 99999999999999999999 Td 1/0 cm " + WORDS),
}
