"""What documents are: the keys of their items, and those of the parts of documents that are read in parts."""
