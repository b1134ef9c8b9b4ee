"""Where results are kept: packs of them, and what is done to these."""

from docbatch.spool.spool import Spool

__all__ = ["Spool"]
