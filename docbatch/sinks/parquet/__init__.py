"""Rows as a data set: a folder of Parquet files, each holding the rows of the documents whose paths hash to it."""
