"""Handing results to sinks: what is due as deliveries, and sinks that take all of it at once."""
