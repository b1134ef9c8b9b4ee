"""Draws PDF pages as a scanner would: a line of JSON on the standard input for each.

Runs in an environment of its own with pypdfium2 and Pillow; imports nothing of docbatch.
"""

import json
import random
import sys
from pathlib import Path
from typing import Any

import pypdfium2
from PIL import Image, ImageFilter


def scan(order: dict[str, Any]) -> None:
    dots, out = order["dots"], Path(order["out"])
    page = pypdfium2.PdfDocument(order["pdf"])[0]
    image = page.render(scale=dots / 72).to_pil().convert("L")
    if order["skew"]:
        image = image.rotate(order["skew"], resample=Image.Resampling.BICUBIC, fillcolor=255)
    if order["blur"]:
        image = image.filter(ImageFilter.GaussianBlur(order["blur"]))
    if order["noise"]:
        noise = random.Random(out.name).randbytes(image.width * image.height)
        image = Image.blend(image, Image.frombytes("L", image.size, noise), order["noise"])
    if out.suffix == ".pdf":
        image.save(out, resolution=dots, quality=80, creationDate=None, modDate=None)
    else:
        image.save(out, dpi=(dots, dots))


for line in sys.stdin:
    scan(json.loads(line))
