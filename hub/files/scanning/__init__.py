"""Asks malware scanners about a file. Nothing that was not scanned ever reads as clean."""
