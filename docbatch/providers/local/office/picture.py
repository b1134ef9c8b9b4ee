"""What is said of a picture, where a person said it."""

import re
import xml.etree.ElementTree as ET

_FILE = re.compile(
    r"^\S*[\w)]\.(?:png|jpe?g|gif|bmp|tiff?|emf|wmf|svg|webp|pdf|eps)$|^(?:https?|file):\S+$", re.IGNORECASE
)
_MADE_BY_PROGRAMS = re.compile(
    r"(?:Description automatically generated.*|AI-generated content may be incorrect\.?)$", re.DOTALL
)


def description(picture: ET.Element) -> str:
    """Return the text that stands for a picture, empty where it is the name of a file or of the shape."""
    about = next((each for each in picture.iter("cNvPr")), None)
    if about is None:
        return ""
    text = _MADE_BY_PROGRAMS.sub("", about.get("descr", "").strip()).strip()
    return "" if text == about.get("name") or _FILE.match(text) else text
