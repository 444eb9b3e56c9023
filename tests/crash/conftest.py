"""The browser, to look at what survived."""

from __future__ import annotations

from tests.e2e.conftest import browser

__all__ = ["browser"]
