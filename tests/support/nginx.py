"""nginx in front of a hub, configured as docs/operations.md says."""

from __future__ import annotations

import os
import re
import textwrap
from pathlib import Path
from typing import Final

from tests.support.child import Child

DOCS: Final = Path(__file__).parents[2] / "docs" / "operations.md"
AROUND: Final = """\
worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/error.log;
{user}
events {{}}
http {{
  access_log off; sendfile on;
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
    """The blocks of configuration in a section of the operator's manual."""
    text = DOCS.read_text()
    found = re.search(rf"^## {re.escape(section)}$(.*?)(?=^## )", text, re.M | re.S)
    assert found is not None, f"no section {section}"
    blocks = re.findall(r"(?:^(?: {4}.*)?\n)+", found[1], re.M)
    return textwrap.dedent("\n".join(block for block in blocks if block.strip()))


class NginxProcess(Child):
    """nginx that forwards to a hub and sends files from its folder.

    Args:
        hub: its address, without a path.
        blobs: its folder of files.
        more: further lines for the server.
    """

    program = "nginx"
    hello = b"GET /hub-files/ HTTP/1.0\r\n\r\n"  # which nginx answers by itself

    def __init__(self, hub: str, blobs: Path, more: str = "") -> None:
        super().__init__()
        self.url = f"http://127.0.0.1:{self.port}"
        server = documented("Behind a TLS proxy") + documented("Who sends the bytes of files")
        (self.folder / "nginx.conf").write_text(
            AROUND.format(
                folder=self.folder, port=self.port, more=more,
                user="user root;" if os.getuid() == 0 else "",
                server=server.replace("http://127.0.0.1:8480", hub).replace(
                    "/var/lib/hub/data/blobs", str(blobs)
                ),
            )
        )  # fmt: skip

    def arguments(self) -> list[str]:
        return ["-c", str(self.folder / "nginx.conf")]
