"""Receiving webhooks: a small server that turns authentic deliveries into hints on disk, and knows nothing else."""
