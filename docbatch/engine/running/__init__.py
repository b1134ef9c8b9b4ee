"""The run: what is due is prepared, sent, settled, followed, fetched and delivered, until nothing is left."""
