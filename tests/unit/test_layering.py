"""A module imports only from its own layer's lower neighbours (STYLE section 2)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent / "hub"

LAYERS = [
    {"errors", "settings", "clock", "ids", "figures", "processes"},
    {"wire"},
    {"storage", "bus", "blobs", "sandbox", "formats"},
    {
        "rooms",
        "rtc",
        "mail",
        "agenda",
        "calendars",
        "files",
        "jobs",
        "identity",
        "federation",
        "client",
        "editing",
    },
    {"api", "app", "server", "workers", "doctor", "sample", "logging", "cli", "cli_files"},
]
# A program's view of the hub: the wire and the ground floor, nothing of the server.
CLIENT = {"client", *LAYERS[0], *LAYERS[1]}
# Services that know each other, in one direction only.
ACROSS = {
    ("formats", "sandbox"),
    ("rooms", "identity"),
    ("rooms", "mail"),
    ("rooms", "rtc"),
    ("mail", "identity"),
    ("mail", "files"),
    ("mail", "agenda"),
    ("mail", "jobs"),
    ("files", "jobs"),
    *(("calendars", one) for one in ("agenda", "identity", "mail", "rooms")),
    *(("editing", one) for one in ("rooms", "mail", "files", "jobs", "identity")),
}


def imports(path: Path) -> set[str]:
    """Top-level names below ``hub`` that a module imports, for types alone or not."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("hub."):
            found.add(node.module.split(".")[1])
        elif isinstance(node, ast.ImportFrom) and node.module == "hub":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {
                alias.name.split(".")[1] for alias in node.names if alias.name.startswith("hub.")
            }
    return found


def layer(name: str) -> int:
    return next(number for number, names in enumerate(LAYERS) if name in names)


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_down(path: Path) -> None:
    own = path.relative_to(ROOT).parts[0].removesuffix(".py")
    if own == "__init__":
        return
    if own == "client":
        assert imports(path) <= CLIENT
        return
    for name in imports(path) - {own, "__version__"}:
        across = layer(name) == layer(own) and (layer(own) in (0, 4) or (own, name) in ACROSS)
        assert layer(name) < layer(own) or across, f"{own} imports {name}"


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Imports within functions and for types count like any other."""
    modules = {module_of(path): path for path in ROOT.rglob("*.py")}
    below: dict[str, set[str]] = {}
    for name, path in modules.items():
        wanted: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                for one in node.names:
                    inner = f"{node.module}.{one.name}"
                    wanted.add(inner if inner in modules else node.module)
            elif isinstance(node, ast.Import):
                wanted |= {one.name for one in node.names}
        below[name] = (wanted & modules.keys()) - {name}
    # Take away, again and again, what imports nothing that is left: what stays is in a circle.
    left = dict(below)
    while free := {name for name, wanted in left.items() if not wanted & left.keys()}:
        left = {name: wanted for name, wanted in left.items() if name not in free}
    assert not left, f"these import each other, or what does: {sorted(left)}"
