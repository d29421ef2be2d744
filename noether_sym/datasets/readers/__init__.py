"""Own data: files and tables of a program, read into data sets."""
