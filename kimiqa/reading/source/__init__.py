"""A folder of source code → one document whose pages are lines of its files."""
