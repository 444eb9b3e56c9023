"""A Friday morning, and moments said from Prague."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

FRIDAY: Final = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
PRAGUE: Final = "Europe/Prague"


def at(local: str, zone: str = PRAGUE) -> dict[str, str]:
    """A day, or a time on the clocks of a zone."""
    return {"local": local} if len(local) == 10 else {"local": local, "zone": zone}
