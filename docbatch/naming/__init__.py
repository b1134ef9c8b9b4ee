"""How documents, links and outputs are written as text: templates, paths, references."""
