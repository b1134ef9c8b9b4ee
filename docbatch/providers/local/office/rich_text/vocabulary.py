"""The words of rich text: signs, and what a group that begins with a word holds."""

SIGNS = {
    "tab": "\t", "line": "\n", "lbr": "\n", "emdash": "\u2014", "endash": "\u2013", "lquote": "\u2018", "rquote": "\u2019",
    "ldblquote": "\u201c", "rdblquote": "\u201d", "bullet": "\u2022", "emspace": "\u2003", "enspace": "\u2002", "qmspace": "\u2005",
    "~": "\u00a0", "_": "\u2011", "-": "", "zwj": "\u200d", "zwnj": "\u200c", "zwbo": "", "zwnbo": "", "\\": "\\", "{": "{", "}": "}",
    "nestcell": "\t", "nestrow": "\n",
}  # fmt: skip
HEADERS = frozenset({"header", "headerl", "headerr", "headerf"})
FOOTERS = frozenset({"footer", "footerl", "footerr", "footerf"})
COLLECTED = frozenset({"fonttbl", "info", "fldinst", "atnauthor", "pict"})
# What stands in them is read as if they were not there.
PASSED = frozenset({"result", "ftnalt", "object", "shppict"})
SILENT = frozenset(
    {
        "colortbl", "stylesheet", "listtable", "listoverridetable", "rsidtbl", "generator", "themedata", "colorschememapping", "datastore",
        "latentstyles", "xmlnstbl", "mmathPr", "operator", "nonshppict", "shprslt", "xe", "tc", "rxe", "bkmkstart", "bkmkend",
        "filetbl", "revtbl", "objdata", "objclass", "objname", "nesttableprops", "sp", "pgptbl", "private", "template", "atnid",
        "atndate", "atnref", "atrfstart", "atrfend", "atnicn", "atnparent", "docvar", "comment", "company", "manager",
        "category", "keywords", "doccomm", "hlinkbase", "creatim", "revtim", "printim", "buptim", "fontemb", "fontfile", "falt", "panose",
        "picprop", "blipuid", "datafield", "nonesttables", "ftnsep", "ftnsepc", "ftncn", "aftnsep", "aftnsepc", "aftncn", "background",
        "pn", "pnseclvl",
    }
)  # fmt: skip
