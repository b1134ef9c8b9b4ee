"""The three services on loopback: stateful, with their quirks, so that a job can be rehearsed without an account."""
