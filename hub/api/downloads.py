"""What a browser does with an answer that is a file.

Source: RFC 6266 (Content-Disposition), RFC 8187 (its name in UTF-8).
"""

from __future__ import annotations

import re
import urllib.parse


def disposition(name: str, *, inline: bool = False) -> str:
    """The value of Content-Disposition. Not inline: it is saved under its name."""
    plain = re.sub(r"[^A-Za-z0-9._ ()-]", "_", name)
    kind = "inline" if inline else "attachment"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{urllib.parse.quote(name, safe='')}"
