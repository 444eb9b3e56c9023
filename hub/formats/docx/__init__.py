"""Word files (ECMA-376, WordprocessingML): read as a rich document, and patched in place when they
are saved, so that what the document has no words for stays as it was. Runs in a sandbox.
"""
