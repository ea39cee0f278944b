"""Copies the auction into a warehouse: a DuckDB file, a folder of Parquet files or a BigQuery dataset."""
