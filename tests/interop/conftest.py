"""Genuine clients of the world beside our own."""

from __future__ import annotations

from tests.e2e.conftest import ada, browser, hub, wire

__all__ = ["ada", "browser", "hub", "wire"]
