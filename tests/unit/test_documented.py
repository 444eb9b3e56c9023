"""The suite fails when something is undocumented."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import get_args

import msgspec

from hub.settings import describe
from hub.wire.commands import AnyCommand
from hub.wire.events import AnyFrame, EventType

ROOT = Path(__file__).parent.parent.parent
PROTOCOL = (ROOT / "docs" / "protocol.md").read_text()
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
# Made elsewhere than by a `code=`: from SQLSTATE and HTTP status tables.
TABLES = {
    "database_busy", "database_down", "database_read_only", "disk_full", "method_not_allowed",
    "http_error",
}  # fmt: skip


def codes() -> set[str]:
    """Every code the sources name."""
    found = set(TABLES)
    for path in (ROOT / "hub").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.keyword) and node.arg == "code":
                if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
                    found.add(node.value.value)
            elif isinstance(node, ast.ClassDef):
                for line in node.body:
                    if (
                        isinstance(line, ast.Assign | ast.AnnAssign)
                        and ast.unparse(line).startswith(("code =", "code: str ="))
                        and isinstance(line.value, ast.Constant)
                    ):
                        found.add(str(line.value.value))
    return found


def documented_codes() -> set[str]:
    table = PROTOCOL[PROTOCOL.index("## 10. Codes") :]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return {code for cell in cells for code in re.findall(r"`(\w+)`", cell)}


def tags(union: object) -> set[str]:
    found = set()
    for one in get_args(union):
        info = msgspec.inspect.type_info(one)
        assert isinstance(info, msgspec.inspect.StructType)
        found.add(str(info.tag))
    return found


def test_every_code_is_documented_and_none_besides() -> None:
    assert codes() - documented_codes() == set()
    assert documented_codes() - codes() == set()


def test_every_command_frame_and_event_is_documented() -> None:
    words = set(re.findall(r"`([\w.]+)`", PROTOCOL))
    assert tags(AnyCommand) - words == set()
    assert tags(AnyFrame) - words == set()
    assert set(get_args(EventType)) - words == set()


def test_every_setting_is_documented() -> None:
    documented = set(re.findall(r"^\| `(HUB_\w+)` \|", OPERATIONS, re.MULTILINE))
    assert documented == {name for name, _, _ in describe()}
