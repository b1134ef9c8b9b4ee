"""What programs use: the commands as methods of a project. `import docbatch` offers the names; docs/python.md shows them."""
