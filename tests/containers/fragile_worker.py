"""The process that opens containers, with PDF files over some of which it dies."""

import os
import sys
from typing import BinaryIO

from docbatch.containers import portfolio, worker
from docbatch.containers.bounds import ContainerBounds

DEADLY = b"%PDF-1.7 deadly"


class FragilePortfolio(portfolio.Portfolio):
    def __init__(self, file: BinaryIO, bounds: ContainerBounds) -> None:
        if file.read(len(DEADLY)) == DEADLY:
            os._exit(7)
        file.seek(0)
        super().__init__(file, bounds)


if __name__ == "__main__":
    portfolio.Portfolio = FragilePortfolio  # type: ignore[misc]
    worker.main(int(sys.argv[1]))
