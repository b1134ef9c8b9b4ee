"""Repositories that attack whoever looks at them, made from a seed: each name says what is wrong with it.

A repository is made in a folder that is there already. What it must not reach lies beside that folder, see `plant`.
"""

import os
import random
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path

Maker = Callable[[Path, random.Random], None]

SECRET = "canary-of-the-neighbour"
PROJECT = "apiVersion: docbatch/v1\nproject: {id: ptestproject1}\n"
STEERING = "\x1b[31m\n::error::owned\r\u202e"
VARIANTS = 4


def plant(outside: Path) -> None:
    """Put what nobody may show beside the repositories."""
    outside.mkdir()
    for name in ("secret.txt", "secret.yaml", "secret.csv"):
        (outside / name).write_text(f"{SECRET}: [\n{SECRET}\n")


def job(source: str = 'root: in, include: "**/*.txt"', more: str = "", name: str = "job") -> str:
    return (
        f"apiVersion: docbatch/v1\nname: {name}\nsource: {{{source}}}\n"
        f'sink: [{{type: files, path: "out/{{{{ job.name }}}}/{{{{ doc.path }}}}.md"}}]\n{more}'
    )


def write(root: Path, path: str, content: str | bytes) -> Path:
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content if isinstance(content, bytes) else content.encode(errors="surrogateescape"))
    return place


def link(root: Path, path: str, to: str) -> None:
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    place.symlink_to(to)


def pipe(root: Path, path: str) -> None:
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    os.mkfifo(place)


def sound(root: Path, _: random.Random) -> None:
    write(root, "docbatch.yaml", PROJECT)
    write(root, "jobs/job.yaml", job())
    write(root, "in/a.txt", "one")


def repositories(seed: int = 12) -> Mapping[str, Callable[[Path], None]]:
    """Return a maker for every repository."""
    return {
        f"{name}-{number}": partial(_made, make, f"{seed} {name} {number}")
        for number in range(VARIANTS)
        for name, make in MAKERS.items()
    }


def _made(make: Maker, seed: str, root: Path) -> None:
    chosen = random.Random(seed)
    sound(root, chosen)
    make(root, chosen)


def _spec(text: Callable[[random.Random], str | bytes]) -> Maker:
    return lambda root, chosen: void(write(root, "jobs/job.yaml", text(chosen)))


def _source(source: Callable[[random.Random], str]) -> Maker:
    return _spec(lambda chosen: job(source(chosen)))


def _links(*paths: str, to: tuple[str, ...]) -> Maker:
    def make(root: Path, chosen: random.Random) -> None:
        for path in paths:
            link(root, path, chosen.choice(to))

    return make


def _pipe(*paths: str) -> Maker:
    return lambda root, chosen: pipe(root, chosen.choice(paths))


def void(_: object) -> None:
    """Return nothing."""


def _mutated(chosen: random.Random) -> bytes:
    content = bytearray((PROJECT + job()).encode())
    for _ in range(chosen.randrange(1, 30)):
        at = chosen.randrange(len(content))
        content[at : at + chosen.randrange(4)] = chosen.choice(
            (b"\xff", b"\x1b[2J", b"{{", b"? ", b"&a ", b"*a", b"[", b"\n::error::x", b'"', b"\xed\xa0\xbd", b"\0", b"!", b"|\n")
        )  # fmt: skip
    return bytes(content)


def _bomb(chosen: random.Random) -> str:
    width = chosen.randrange(2, 12)
    lines = ["a0: &a0 [" + ", ".join(["x"] * width) + "]"]
    lines += [
        f"a{level}: &a{level} [" + ", ".join([f"*a{level - 1}"] * width) + "]" for level in range(1, 25)
    ]
    return "\n".join(lines) + "\n"


def _nested(chosen: random.Random) -> str:
    opening = chosen.choice(("? ", "- ", "[", "{a: ", "[? ", "a:\n ", "- ? ", "&a - "))
    return opening * chosen.choice((100, 2_000, 20_000))


def _many_jobs(root: Path, chosen: random.Random) -> None:
    number = chosen.choice((250, 960))
    pattern = chosen.choice(("**/*-{}.txt", "in/*a*[0-9]{}*", "**/x{}/**/*", "x{}/**"))
    jobs = [job(f'include: "{pattern.format(index)}"', name=f"j{index}") for index in range(number)]
    write(root, "jobs/job.yaml", "---\n".join(jobs))


def _one_place(root: Path, chosen: random.Random) -> None:
    kind, path = chosen.choice(
        (("sqlite", "out/a.db"), ("jsonl", "out/a.jsonl"), ("files", "in/{{ doc.path }}"))
    )
    jobs = [
        f'apiVersion: docbatch/v1\nname: j{index}\nsource: {{include: "in/**"}}\nsink: [{{type: {kind}, path: "{path}"}}]\n'
        for index in range(600)
    ]
    write(root, "jobs/job.yaml", "---\n".join(jobs))


def _deep_tree(root: Path, chosen: random.Random) -> None:
    depth = chosen.choice((100, 300))
    write(root, f"in/{'a/' * depth}b.txt", "one")
    pattern = chosen.choice(
        ("**/a/" * 18 + "b.txt", "**/" + "a/**/" * 8 + "*a*b*", "**/[a-b]/**/[!c]*/**/?.txt")
    )
    write(root, "jobs/job.yaml", job(f'root: in, include: "{pattern}"'))


def _backtracking(chosen: random.Random) -> str:
    piece = chosen.choice(("*a", "?*", "[ab]*", "*[!c]", "{a,b}*"))
    return f'root: in, include: "{piece * chosen.randrange(5, 9)}b", exclude: ["{"*a" * 100}*b"]'


def _braces(chosen: random.Random) -> str:
    pattern = chosen.choice(
        ("{1..99999999}.txt", "{a,b}" * 40, "{" * 900, "{a,{b,{c," * 60, "{1..1000}/**/a/{1..3}", "x{1..999}")
    )
    return f'root: in, include: ["{pattern}", "{pattern}", "{pattern}"]'


def _chain(root: Path, chosen: random.Random) -> None:
    number = chosen.choice((45, 500, 3_000))
    for index in range(number):
        link(root, f"in/l{index}.txt", f"l{index + 1}.txt")


def _loops(root: Path, _: random.Random) -> None:
    for name, to in (("a", "."), ("b", ".."), ("c.txt", "c.txt"), ("d", "a/b/a")):
        link(root, f"in/{name}", to)


def _root_elsewhere(root: Path, _: random.Random) -> None:
    link(root, "led", "../outside")
    write(root, "jobs/job.yaml", job('root: led, include: "*"'))


def _inputs_elsewhere(root: Path, _: random.Random) -> None:
    link(root, ".docbatch/inputs", "../../outside")
    write(root, "jobs/job.yaml", job('texts: {"a.txt": one}'))


def _names(root: Path, chosen: random.Random) -> None:
    for place in ("in", "jobs"):
        name = STEERING + chosen.choice(("", "\u200b", "\x9b", "\u2028::warning::x"))
        write(root, f"{place}/{name}.{'txt' if place == 'in' else 'yaml'}", "one")
    Path(os.fsdecode(os.fsencode(root) + b"/in/\xff\n::error::x.txt")).write_text("one")


def _steered_values(chosen: random.Random) -> str:
    value = '"\\e[31m\\n::error::owned\\r"'
    return chosen.choice(
        (
            job(f"root: {value}, include: x"),
            job(f"include: {value}"),
            job(more=f"{value}: 1\n"),
            job(more=f"labels: {{{value}: {value}}}\n"),
            job(more=f"config: {{{value}: {value}}}\n"),
            job(more=f"provider: {value}\n"),
            job(name=value),
            job(f"urls: [{value}]"),
            job(f"texts: {{{value}: x}}"),
        )
    )


def _template(chosen: random.Random) -> str:
    inside = chosen.choice(
        ("(" * 400 + "doc.path" + ")" * 400, "doc.path" + "|upper" * 140, "[" * 450, "doc.path if " * 70 + "1", "-" * 900 + "1", "doc" + ".x" * 450, "not " * 220 + "doc")
    )  # fmt: skip
    return job().replace("out/{{ job.name }}", f"out/{{{{ {inside} }}}}")


def _list(name: str, content: Callable[[random.Random], str | bytes]) -> Maker:
    def make(root: Path, chosen: random.Random) -> None:
        write(root, name, content(chosen))
        write(root, "jobs/job.yaml", job(f"urls_from: {name}"))

    return make


def _list_elsewhere(root: Path, chosen: random.Random) -> None:
    named = chosen.choice(("../outside/secret.csv", "in/linked.csv", "/dev/zero", "in/pipe.csv"))
    link(root, "in/linked.csv", "../../outside/secret.csv")
    pipe(root, "in/pipe.csv")
    write(root, "jobs/job.yaml", job(f"urls_from: {named}"))


def _workspace(root: Path, chosen: random.Random) -> None:
    pipe(root, "ws/pipe")
    link(root, "ws/zero", "/dev/zero")
    link(root, "ws/out", "../../outside/secret.txt")
    write(root, "ws/long", "x" * 5_000)
    reference = chosen.choice(
        ("{file: ws/pipe}", "{file: ws/zero}", "{file: ws/out}", "{file: ws/long}", "{file: ../outside/secret.txt}", "{file: ~/.netrc}", "{env: HOME}", "{command: [touch, owned]}")
    )  # fmt: skip
    write(root, "docbatch.yaml", f"{PROJECT}providers: {{extend: {{workspace: {reference}}}}}\n")
    write(root, "jobs/job.yaml", job(more="provider: extend\n"))


def _many_connections(root: Path, chosen: random.Random) -> None:
    names = "".join(f"  c{index}: {{type: local}}\n" for index in range(2_000))
    write(root, "docbatch.yaml", f"{PROJECT}providers:\n{names}")
    write(root, "jobs/job.yaml", job(more=f"provider: {'c' * chosen.choice((10, 60))}\n"))


def _growing(chosen: random.Random) -> str:
    """Filters make the most of the longest labels, in many jobs."""
    path = "out/" + "{{ job.labels.a|replace('x','yyyyyyyyyyyyyyyy') }}" * 18 + "{{ doc.path }}"
    length = chosen.choice((1_000, 1_900))
    labels = f"labels: {{a: {'x' * length}}}\n"
    return "---\n".join(
        job(name=f"j{index}", more=labels).replace("out/{{ job.name }}/{{ doc.path }}.md", path)
        for index in range(700)
    )


def _misspelt(root: Path, chosen: random.Random) -> None:
    names = "".join(f"  v{index}: x\n" for index in range(chosen.choice((300, 40_000))))
    write(root, "docbatch.yaml", f"{PROJECT}vars:\n{names}")
    jobs = [job(name=f"j{index}").replace("job.name }}", f"vars.v{index}x }}}}") for index in range(1_900)]
    write(root, "jobs/job.yaml", "---\n".join(jobs))


def _database(path: str, *statements: str) -> Maker:
    def make(root: Path, _: random.Random) -> None:
        place = write(root, path, "")
        with closing(sqlite3.connect(place, isolation_level=None)) as database:
            for statement in (
                f"PRAGMA application_id = {0x646F6362 if 'state' in path else 0x64636163}",
                *statements,
            ):
                database.execute(statement)

    return make


def _state(name: str, to: str) -> Maker:
    def make(root: Path, chosen: random.Random) -> None:
        if chosen.random() < 0.5:
            link(root, f".docbatch/{name}", to)
        else:
            pipe(root, f".docbatch/{name}")

    return make


def _many_files(root: Path, chosen: random.Random) -> None:
    for index in range(300):
        write(root, f"in/{index}.txt", f"document {index}")
    jobs = [job(name=f"j{index}", more=f"labels: {{a: x{chosen.randrange(9)}}}\n") for index in range(20)]
    write(root, "jobs/job.yaml", "---\n".join(jobs))


ENDLESS = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS name, i AS value FROM n"
)
MAKERS: Mapping[str, Maker] = {
    "names that steer": _names,
    "values that steer": _spec(_steered_values),
    "nested": _spec(_nested),
    "alias bomb": _spec(_bomb),
    "mutated": _spec(_mutated),
    "mutated project": lambda root, chosen: void(write(root, "docbatch.yaml", _mutated(chosen))),
    "nested project": lambda root, chosen: void(write(root, "docbatch.yaml", PROJECT + "vars: " + _nested(chosen))),
    "many documents": _spec(lambda chosen: "---\n" * chosen.choice((1_000, 200_000))),
    "colons": _spec(lambda chosen: chosen.choice((": ", ":\t", "? : ")) * 200_000),
    "many unknown keys": lambda root, _: _many_unknown(root),
    "many misspelt variables": _misspelt,
    "many growing labels": _spec(_growing),
    "unknown keys of the project": lambda root, _: void(write(root, "docbatch.yaml", PROJECT + "".join(f"k{index}: 1\n" for index in range(30_000)))),
    "rings of links": lambda root, _: _rings(root),
    "one key twice": _spec(lambda _: "a: 1\n" * 150_000),
    "long key": _spec(lambda chosen: f"? {'k' * chosen.choice((1_000, 900_000))}\n: 1\n"),
    "long text": _spec(lambda _: job(more="labels: {a: '" + "x" * 900_000 + "'}\n")),
    "deep config": _spec(lambda _: job(more="config: " + "{a: " * 60 + "1" + "}" * 60 + "\n")),
    "many values": _spec(lambda _: job(more="config: {a: [" + "1," * 90_000 + "]}\n")),
    "spec that leads out": _links("jobs/job.yaml", to=("../../outside/secret.yaml", "/etc/passwd", "/dev/zero", "/proc/self/environ")),
    "spec that is a pipe": _pipe("jobs/job.yaml", "jobs/other.yml"),
    "jobs that lead out": lambda root, chosen: _jobs_elsewhere(root, chosen.choice(("../outside", "/", "/proc"))),
    "project that leads out": _links("docbatch.yaml", to=("../outside/secret.yaml", "/dev/zero", "/etc/passwd")),
    "project that is a pipe": _pipe("docbatch.yaml"),
    "root elsewhere": _source(lambda chosen: f'root: {chosen.choice(("/proc", "/sys", "/dev", "/proc/self/fd"))}, include: "*"'),
    "root outside": _source(lambda chosen: f'root: {chosen.choice(("../outside", "..", "in/../../outside"))}, include: "*.txt"'),
    "root that leads out": _root_elsewhere,
    "documents that lead out": lambda root, chosen: _documents_elsewhere(root, follow=chosen.random() < 0.5),
    "chain of links": _chain,
    "loops of links": _loops,
    "documents that are pipes": _pipe("in/a.txt", "in/b.txt"),
    "deep tree": _deep_tree,
    "backtracking": _source(_backtracking),
    "braces": _source(_braces),
    "brackets": _source(lambda chosen: f'root: in, include: "{"[" * chosen.randrange(1, 900)}"'),
    "many patterns": _source(lambda chosen: "include: [" + ", ".join(f'"**/*a*[0-9]{index}?"' for index in range(chosen.choice((900, 1_000)))) + "]"),
    "many jobs": _many_jobs,
    "many jobs at one place": _one_place,
    "many files": _many_files,
    "template": _spec(_template),
    "list elsewhere": _list_elsewhere,
    "list of links": _list("in/list.txt", lambda chosen: f"https://a.example/{STEERING}\n" * chosen.choice((1, 50_000))),
    "list of rows": _list("in/list.csv", lambda chosen: chosen.choice(('url\n"' + "x\n" * 500_000, "url" + "," * 5_000_000, 'url,b\nhttps://a/x,"' + "\n".join(['","'] * 900_000), "url\n" + "https://a.example/x\r" * 9))),
    "list of objects": _list("in/list.jsonl", lambda chosen: chosen.choice(('{"url": ' + "[" * 100_000, '{"url": [' + "1," * 3_000_000, '{"url": "\\ud83d", "\\u001b[31m": []}', '{"url": "https://a.example/x", "name": "\\n::error::x"}'))),
    "long list": _list("in/list.txt", lambda _: "".join(f"https://a.example/{index}\n" for index in range(60_000))),
    "workspace": _workspace,
    "many connections": _many_connections,
    "endless state": _database(".docbatch/state.db", f"CREATE VIEW meta AS {ENDLESS}"),
    "endless cache": _database(".docbatch/cache.db", f"CREATE VIEW fingerprint AS {ENDLESS}", "PRAGMA user_version = 3"),
    "state that grows": _database(".docbatch/state.db", "CREATE TABLE meta (name, value AS (hex(zeroblob(400000000))))", "INSERT INTO meta VALUES ('x')"),
    "state elsewhere": _state("state.db", "../../outside/secret.txt"),
    "serial elsewhere": _state("serial", "/dev/zero"),
    "cache elsewhere": _state("cache.db", "../../outside/new.db"),
    "folder of the state elsewhere": _links(".docbatch", to=("../outside", "/", "/proc")),
    "inputs elsewhere": _inputs_elsewhere,
    "unlike any state": lambda root, chosen: void(write(root, ".docbatch/state.db", b"SQLite format 3\0" + chosen.randbytes(5_000))),
}  # fmt: skip


def _many_unknown(root: Path) -> None:
    for number in range(4):
        write(root, f"jobs/{number}.yaml", "".join(f"k{index}: 1\n" for index in range(49_000)))


def _rings(root: Path) -> None:
    for path in ("jobs/other.yaml", "ring", "list.csv"):
        link(root, path, Path(path).name)
    write(
        root,
        "jobs/job.yaml",
        job('root: ring, include: "*"') + "---\n" + job("urls_from: list.csv", name="b"),
    )


def _jobs_elsewhere(root: Path, to: str) -> None:
    (root / "jobs/job.yaml").unlink()
    (root / "jobs").rmdir()
    link(root, "jobs", to)


def _documents_elsewhere(root: Path, *, follow: bool) -> None:
    link(root, "in/file.txt", "../../outside/secret.txt")
    link(root, "in/folder", "../../outside")
    link(root, "in/kernel", "/proc/self")
    write(
        root,
        "jobs/job.yaml",
        job(f'root: in, include: "**/*", follow_links: {"true" if follow else "false"}'),
    )
