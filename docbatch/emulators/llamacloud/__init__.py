"""The emulated LlamaCloud."""
