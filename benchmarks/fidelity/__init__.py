"""How much of a document arrives: documents with known truth, readers side by side, one scorer. See README.md."""
