"""Office documents as PDF, by LibreOffice where it is installed and bubblewrap holds it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from hub.sandbox.frames import Part, WorkError

SUFFIXES: Final = frozenset(
    {"docx", "xlsx", "pptx", "odt", "ods", "odp", "doc", "xls", "ppt", "rtf"}
)
_SETTINGS: Final = {
    "MacroSecurityLevel": "3",
    "DisableMacrosExecution": "true",
    "BlockUntrustedRefererLinks": "true",
}
_ITEM: Final = (
    '<item oor:path="/org.openoffice.Office.Common/Security/Scripting">'
    '<prop oor:name="{}" oor:op="fuse"><value>{}</value></prop></item>'
)
_PROFILE: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<oor:items xmlns:oor="http://openoffice.org/2001/registry">'
    + "".join(_ITEM.format(name, value) for name, value in _SETTINGS.items())
    + "</oor:items>"
)


def program() -> str | None:
    """LibreOffice's, where it is installed."""
    folders = "/usr/bin:/usr/local/bin:/usr/lib/libreoffice/program"
    return shutil.which("soffice", path=folders)


def to_pdf(file: BinaryIO, suffix: str, wall_s: float = 60) -> Iterator[Part]:
    """``pdf`` with the document's bytes. Macros never run; nothing is fetched, for lack of a net.

    Args:
        suffix: of ``SUFFIXES``: what the file is.
        wall_s: for LibreOffice.

    Raises:
        WorkError: no LibreOffice, no such kind, too slow, or it made nothing of it.
    """
    soffice = program()
    if soffice is None:
        raise WorkError("unsupported", "no LibreOffice is installed")
    if suffix not in SUFFIXES:
        raise WorkError("unsupported", "no office document")
    home = Path("/tmp")  # noqa: S108  the cell's own, gone with it
    profile = home / "profile"
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(_PROFILE)
    source, made = home / f"in.{suffix}", home / "in.pdf"
    source.write_bytes(file.read())
    try:
        subprocess.run(  # noqa: S603  our own words
            [
                soffice, f"-env:UserInstallation=file://{profile}", "--headless", "--norestore",
                "--nologo", "--nodefault", "--convert-to", "pdf", "--outdir", str(home),
                str(source),
            ],
            env={"HOME": str(home), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            timeout=wall_s, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise WorkError("timeout", "LibreOffice took too long") from error
    if not made.exists():
        raise WorkError("damaged", "LibreOffice made nothing of it")
    yield Part("pdf", {}, made.read_bytes())
