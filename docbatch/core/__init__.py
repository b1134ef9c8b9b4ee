"""The values that flow and the decisions about them. Pure: nothing here reads a file or a clock, or knows the rest of docbatch."""
