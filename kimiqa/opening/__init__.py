"""Opening a document: its bytes into the store, its pages out of them or out of the store."""
