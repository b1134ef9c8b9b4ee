"""Whether the locks belong to pyproject.toml. Plain Python, because it runs before anything is installed."""  # noqa: INP001

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

DEVELOPERS = ("dev", "testing")
"""The extras that nobody needs where docbatch is only run."""
APART = "ray"
"""The extra that is as large as all others together, and has a lock of its own."""
DEV = "requirements-dev.lock"
RUN = "requirements.lock"
RAY = "requirements-ray.lock"
SITE = "requirements-site.lock"
PURPOSES: Mapping[str, str] = {
    DEV: "What script/bootstrap installs to work on docbatch",
    RUN: "What docbatch needs to be built and to run with every extra for users but ray; the lock for developers has all of it too",
    RAY: "What the extra ray needs; script/ray installs it beside the rest",
    SITE: "What makes the site of the documentation; script/site installs it into a folder of its own",
}
HEAD = """# {purpose}.
# Exact versions, and the hashes of their files. Drawn by script/update, not by hand, from these lines of pyproject.toml:
{lines}
"""
NOTED = "#   "
NAME = re.compile(r"[A-Za-z0-9._-]+")
PIN = re.compile(rf"^({NAME.pattern})==", re.MULTILINE)


def asked(root: Path, lock: str) -> list[str]:
    """Return the versions of Python, then the requirements, that a lock answers, as pyproject.toml writes them."""
    tables = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    project = tables["project"]
    if lock == RAY:
        return [f"python{project['requires-python']}", *project["optional-dependencies"].get(APART, [])]
    if lock == SITE:
        return [f"python{project['requires-python']}", *tables.get("dependency-groups", {}).get("site", [])]
    every = [name for name in project["optional-dependencies"] if name != APART]
    extras = [name for name in every if lock == DEV or name not in DEVELOPERS]
    chosen = (each for name in extras for each in project["optional-dependencies"][name])
    needs = {*tables["build-system"]["requires"], *project["dependencies"], *chosen}
    return [f"python{project['requires-python']}", *sorted(needs)]


def head(root: Path, lock: str) -> str:
    """Return the comment that a lock begins with."""
    lines = "\n".join(NOTED + line for line in asked(root, lock))
    return HEAD.format(purpose=PURPOSES[lock], lines=lines)


def differences(root: Path) -> Iterator[str]:
    """Yield in what the locks and pyproject.toml differ."""
    for lock in PURPOSES:
        if not (root / lock).exists():
            yield f"{lock} is missing"
            continue
        text = (root / lock).read_text(encoding="utf-8")
        wanted = asked(root, lock)
        noted = [line.removeprefix(NOTED) for line in text.splitlines() if line.startswith(NOTED)]
        yield from (f"{lock} was not drawn for {line}" for line in wanted if line not in noted)
        yield from (f"{lock} was drawn for {line}" for line in noted if line not in wanted)
        names = {_normal(match[0]) for line in wanted[1:] if (match := NAME.match(line))}
        yield from (f"{lock} pins no {name}" for name in sorted(names - set(map(_normal, PIN.findall(text)))))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main(root: Path, command: str, *lock: str) -> int:
    """Check both locks, or print the head or the requirements of one."""
    if command == "head":
        sys.stdout.write(head(root, *lock))
    elif command == "needs":
        sys.stdout.write("".join(f"{line}\n" for line in asked(root, *lock)[1:]))
    elif found := list(differences(root)):
        complaint = "".join(f"  {each}\n" for each in found)
        sys.stderr.write(
            f"The locks do not belong to pyproject.toml:\n{complaint}"
            "Draw them anew with script/update, and commit them. Nothing was installed.\n"
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).parents[1], *sys.argv[1:]))
