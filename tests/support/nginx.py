"""nginx in front of a hub, configured as docs/operations.md says."""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.support.child import Child

DOCS: Final = Path(__file__).parents[2] / "docs" / "operations.md"
PROXY: Final = "Behind a TLS proxy"
AROUND: Final = """\
worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/error.log;
{user}
events {{}}
http {{
  access_log off; sendfile on;
{around}
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b;
  fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{
    listen 127.0.0.1:{port};
{server}
{more}
  }}
}}
"""


def documented(section: str) -> str:
    """The configuration of a ``server`` in a section of the operator's manual: what is indented."""
    text = re.sub(r"^```.*?^```$", "", _section(section), flags=re.M | re.S)
    blocks = re.findall(r"(?:^(?: {4}.*)?\n)+", text, re.M)
    return textwrap.dedent("\n".join(block for block in blocks if block.strip()))


def several(hubs: Sequence[str]) -> str:
    """What the manual puts around the ``server`` for several hubs, with these for its own."""
    found = re.search(r"^```nginx$(.*?)^```$", _section(PROXY), re.M | re.S)
    assert found is not None, "the manual no longer says how nginx serves several processes"
    lines = found[1].splitlines()
    places = [at for at, line in enumerate(lines) if line.strip().startswith("server ")]
    model = lines[places[0]]
    lines[places[0] : places[-1] + 1] = [
        re.sub(r"server \S+", f"server {hub.removeprefix('http://')}", model) for hub in hubs
    ]
    return "\n".join(lines)


def _section(name: str) -> str:
    found = re.search(rf"^## {re.escape(name)}$(.*?)(?=^## )", DOCS.read_text(), re.M | re.S)
    assert found is not None, f"no section {name}"
    return found[1]


class NginxProcess(Child):
    """nginx that forwards to hubs and sends files from their folder.

    Args:
        hub: its address, without a path; or those of several processes.
        blobs: its folder of files.
        more: further lines for the server.
    """

    program = "nginx"
    hello = b"GET /hub-files/ HTTP/1.0\r\n\r\n"  # which nginx answers by itself

    def __init__(self, hub: str | Sequence[str], blobs: Path, more: str = "") -> None:
        super().__init__()
        self.url = f"http://127.0.0.1:{self.port}"
        server = documented(PROXY) + documented("Who sends the bytes of files")
        (self.folder / "nginx.conf").write_text(
            AROUND.format(
                folder=self.folder, port=self.port, more=more,
                user="user root;" if os.getuid() == 0 else "",
                around="" if isinstance(hub, str) else several(hub),
                server=server.replace(
                    "http://127.0.0.1:8480", hub if isinstance(hub, str) else "http://hub"
                ).replace(
                    "/var/lib/hub/data/blobs", str(blobs)
                ),
            )
        )  # fmt: skip

    def arguments(self) -> list[str]:
        return ["-c", str(self.folder / "nginx.conf")]
