"""The specs: strict YAML in, validated and resolved jobs out, every problem with its position."""
