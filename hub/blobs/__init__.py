"""Content-addressed bytes: what a file is, apart from where it lies and whose it is."""
