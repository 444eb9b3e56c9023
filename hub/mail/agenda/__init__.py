"""Tasks and meetings of threads."""
