"""The proof that the history is as it was written: digests of entries, sealed in a chain."""
