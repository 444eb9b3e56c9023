"""Formats of documents: what a file says as a tree, and a tree as a file. Pure."""
