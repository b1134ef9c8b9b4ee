"""A process that opens containers and comes to no end."""

import signal

from docbatch.processes.frames import READY, pack, write

write(1, pack(READY))
signal.pause()
