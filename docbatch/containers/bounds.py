"""How much is looked at inside of a container. What goes beyond is refused, and said."""

from dataclasses import dataclass

ALL = "all"
"""The code of a container that would be more than what is taken of all together."""


@dataclass(frozen=True, slots=True)
class ContainerBounds:
    """For one container, with all that lies in containers inside of it. Sizes are in bytes, of what is unpacked.

    What is larger than `free`, or together than `free_all`, may not be more than `ratio` times as large as what it was
    packed in; and there may be more than `containers` inside of each other as far as each takes some bytes of its own.
    """

    members: int = 100_000
    containers: int = 1000
    one: int = 2 << 30
    all: int = 20 << 30
    mail: int = 256 << 20
    depth: int = 5
    name: int = 1024
    ratio: int = 200
    free: int = 64 << 20
    free_all: int = 1 << 30

    def is_bomb(self, unpacked: int, packed: int) -> bool:
        return unpacked > self.free and unpacked > self.ratio * max(packed, 1)
