"""Webmail hub: every conversation thread is a live room."""

__version__ = "0.1.0"
