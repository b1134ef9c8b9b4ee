"""A plan's report in each of its formats. Pure: values in, text out."""
