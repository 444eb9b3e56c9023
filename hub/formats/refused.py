"""What a file itself forbids, whoever asks."""

from __future__ import annotations


class Refused(Exception):
    """``code``: one of ``hub.editing.refusals``; ``about``: what of the file, in few characters."""

    def __init__(self, code: str, about: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.about = about
