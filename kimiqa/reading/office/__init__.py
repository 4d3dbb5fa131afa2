"""Word, PowerPoint, Excel, EPUB and web pages → parts that can be cited like pages.

All of it but `calls` runs in a worker process: these files come from anywhere, and their
parsers are as large as their formats.
"""
