"""A module imports only from its own layer's lower neighbours (STYLE section 2)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent / "hub"

LAYERS = [
    {"errors", "settings", "clock", "ids"},
    {"wire"},
    {"storage", "bus", "blobs"},
    {"rooms", "rtc", "mail", "files", "identity", "federation"},
    {"api", "app", "server", "doctor", "logging", "cli"},
]
# A program's view of the hub: the wire and the ground floor, nothing of the server.
CLIENT = {"client", *LAYERS[0], *LAYERS[1]}
# Services that know each other, in one direction only.
ACROSS = {("rooms", "identity"), ("rooms", "mail"), ("mail", "identity")}


def imports(path: Path) -> set[str]:
    """Top-level names below ``hub`` that a module really imports (types alone do not count)."""
    found: set[str] = set()
    tree = ast.parse(path.read_text())
    typing_only = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in typing_only:
            continue
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
        # `sample` and exports live with the services that use them.
        across = layer(name) == layer(own) and (
            layer(own) in (0, 4) or (own, name) in ACROSS or path.name == "sample.py"
        )
        assert layer(name) < layer(own) or across, f"{own} imports {name}"
