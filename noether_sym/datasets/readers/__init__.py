"""Own data: files and tables of a program, read into data sets."""

TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
PARQUET_SUFFIXES = (".parquet", ".pq")
SUFFIXES = (*TEXT_SUFFIXES, *PARQUET_SUFFIXES, ".npz")
KINDS = "CSV, Parquet or NumPy .npz"
