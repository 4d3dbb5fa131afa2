"""Personal data: found in documents, and replaced by placeholders on the way out."""
