"""Documents as PDF: data of what they say (``pages``), set by Typst (``page.typ``, ``file``)."""
