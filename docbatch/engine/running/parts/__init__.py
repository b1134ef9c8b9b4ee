"""Documents that are read in parts, each a range of pages, while a run goes on."""
