"""Calls of a thread: who rings, who is in, and how browsers find one another. No media passes."""
