"""Real scanners as child processes, each in a folder of its own, with signatures made here."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

from hub.files.scanning.probes import eicar
from tests.support.child import Child

KNOWN = b"a file that is known by its hash alone\n"
STREAM_BYTES = 3 << 20
FILE_BYTES = 1 << 20
RECURSION = 5


async def parts(data: bytes, size: int = 10_000) -> AsyncIterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


class ClamdProcess(Child):
    """clamd on a Unix socket and on a port.

    Args:
        options: for its configuration.
    """

    program = "clamd"
    hello = b"zPING\0"

    def __init__(self, **options: str) -> None:
        super().__init__()
        self.socket = self.folder / "socket"
        for name in ("database", "tmp"):
            (self.folder / name).mkdir()
        (self.folder / "database" / "hub.ndb").write_text(f"Hub.Eicar:0:0:{eicar().hex()}\n")
        known = hashlib.sha256(KNOWN).hexdigest()
        (self.folder / "database" / "hub.hsb").write_text(f"{known}:{len(KNOWN)}:Hub.Known:73\n")
        settings = {
            "Foreground": "yes",
            "LocalSocket": str(self.socket),
            "TCPSocket": str(self.port),
            "TCPAddr": "127.0.0.1",
            "DatabaseDirectory": str(self.folder / "database"),
            "TemporaryDirectory": str(self.folder / "tmp"),
            "MaxThreads": "2",
            "Bytecode": "no",
            "ConcurrentDatabaseReload": "no",
            "StreamMaxLength": str(STREAM_BYTES),
            "MaxScanSize": str(FILE_BYTES),
            "MaxFileSize": str(FILE_BYTES),
            "MaxRecursion": str(RECURSION),
            "AlertExceedsMax": "yes",
            "AlertEncrypted": "yes",
            **options,
        }
        lines = "".join(f"{name} {value}\n" for name, value in settings.items())
        (self.folder / "clamd.conf").write_text(lines)

    def arguments(self) -> list[str]:
        return [f"--config-file={self.folder / 'clamd.conf'}"]

    def start(self) -> None:
        self.socket.unlink(missing_ok=True)
        super().start()


_C_ICAP = """\
PidFile {folder}/c-icap.pid
CommandsSocket {folder}/c-icap.ctl
Port 127.0.0.1:{port}
StartServers 1
MaxServers 1
MinSpareThreads 1
MaxSpareThreads 4
ThreadsPerChild 4
TmpDir {folder}/tmp
MaxMemObject 131072
DebugLevel 1
ServerLog {folder}/server.log
AccessLog {folder}/access.log
ModulesDir {modules}
ServicesDir {modules}
TemplateDir {templates}
LoadMagicFile {magic}
Service echo srv_echo.so
Service virus_scan virus_scan.so
ServiceAlias whole virus_scan?allow204=on&sizelimit=off&mode=simple
ServiceAlias limited virus_scan?allow204=on&sizelimit=on&mode=simple
ServiceAlias early virus_scan?allow204=on&sizelimit=off&mode=mixed
ServiceAlias returning virus_scan?allow204=off&sizelimit=off&mode=simple
virus_scan.ScanFileTypes TEXT DATA EXECUTABLE ARCHIVE JPEG MSOFFICE DOCUMENT
virus_scan.SendPercentData 5
virus_scan.StartSendPercentDataAfter 64K
virus_scan.MaxObjectSize 512K
Module common clamd_mod.so
clamd_mod.ClamdSocket {clamd}
virus_scan.DefaultEngine clamd
"""


class IcapProcess(Child):
    """c-icap with its virus_scan service, in several ways, and its echo.

    Args:
        clamd: the engine behind it.
    """

    program = "c-icap"
    hello = b"OPTIONS icap://127.0.0.1/echo ICAP/1.0\r\nHost: 127.0.0.1\r\n\r\n"

    def __init__(self, clamd: ClamdProcess) -> None:
        super().__init__()
        (self.folder / "tmp").mkdir()
        (module,) = glob.glob("/usr/lib/*/c_icap/virus_scan.so")
        (self.folder / "c-icap.conf").write_text(
            _C_ICAP.format(
                folder=self.folder, port=self.port, clamd=clamd.socket,
                modules=Path(module).parent, templates="/usr/share/c_icap/templates/",
                magic="/etc/c-icap/c-icap.magic",
            )
        )  # fmt: skip

    def url(self, service: str) -> str:
        return f"icap://127.0.0.1:{self.port}/{service}"

    def arguments(self) -> list[str]:
        return ["-N", "-f", str(self.folder / "c-icap.conf")]
