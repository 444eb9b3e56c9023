"""OpenDocument text: read as a rich document, and patched in place. Source: OpenDocument 1.3,
part 3.
"""
