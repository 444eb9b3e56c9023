"""Files that people work on together: opened as live documents, saved as new versions."""
