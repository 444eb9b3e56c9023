"""The scanners that the settings name."""

from __future__ import annotations

from hub.files.scanning.clamd import Clamd
from hub.files.scanning.icap import Icap
from hub.files.scanning.verdicts import Scanner
from hub.settings import Settings, SettingsError


def open_scanners(settings: Settings) -> list[Scanner]:
    """Raises:
    SettingsError: an address has another form.
    """
    found: list[Scanner] = []
    try:
        if settings.clamd:
            found.append(Clamd(settings.clamd))
        if settings.icap:
            found.append(Icap(settings.icap))
    except ValueError as error:
        raise SettingsError(str(error)) from error
    return found
