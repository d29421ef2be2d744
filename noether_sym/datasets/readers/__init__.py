"""Own data: files and tables of a program, read into data sets."""

TEXT_SUFFIXES = (".csv", ".tsv", ".txt", ".dat", ".tab", ".asc", ".lvm", ".xvg")
PARQUET_SUFFIXES = (".parquet", ".pq")
FEATHER_SUFFIXES = (".feather", ".arrow")
WORKBOOK_SUFFIXES = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
COMPRESSED_SUFFIXES = (".gz", ".bz2", ".xz")
TABLE_SUFFIXES = (
    *TEXT_SUFFIXES,
    *PARQUET_SUFFIXES,
    *FEATHER_SUFFIXES,
    *WORKBOOK_SUFFIXES,
    ".npz",
    ".npy",
    ".mat",
)
SUFFIXES = (*TABLE_SUFFIXES, *COMPRESSED_SUFFIXES, ".zip")
KINDS = "CSV, Excel, Parquet, NumPy or MATLAB"
