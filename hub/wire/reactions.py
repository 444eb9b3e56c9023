"""What people may react with: one emoji of Unicode's set. Pure.

Source: UTS 51, RGI emoji, as the ``emoji`` package lists them. The same emoji comes with and
without U+FE0F, also inside of a sequence: its key is the string without, and what is shown and
stored is the fully qualified form, so that it is drawn in colour everywhere and counted once.
"""

from __future__ import annotations

from typing import Final

from emoji import EMOJI_DATA, STATUS

from hub.errors import BadRequest

_VARIATION: Final = "\ufe0f"
_SHOWN: Final = frozenset((STATUS["fully_qualified"], STATUS["component"]))
_QUALIFIED: Final = {
    text.replace(_VARIATION, ""): text for text, of in EMOJI_DATA.items() if of["status"] in _SHOWN
}


def qualified(text: str) -> str:
    """The form in which an emoji is stored and shown; any other text as it is."""
    return _QUALIFIED.get(text.replace(_VARIATION, ""), text)


def require_emoji(text: str) -> str:
    """The qualified form.

    Raises:
        BadRequest: ``bad_emoji``.
    """
    if text.replace(_VARIATION, "") not in _QUALIFIED:
        raise BadRequest("A reaction is one emoji.", code="bad_emoji")
    return qualified(text)
