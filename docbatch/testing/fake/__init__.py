"""A vendor in a file, which can fail in every way, and a provider for it: what the engine is tested with."""
