"""Yjs itself, under Node: what it makes of updates, to hold the hub's documents against."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from pycrdt import Doc, Text, XmlElement, XmlFragment, XmlText

from hub.formats.tree import attributes

ROOT = Path(__file__).parent.parent.parent
INTEROP = ROOT / "tests" / "interop"


def node() -> list[str]:
    """The command that starts Node."""
    return ["node"] if shutil.which("node") else [str(ROOT / "scripts" / "with-node"), "node"]


class Oracle:
    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [*node(), "oracle.mjs"], cwd=INTEROP, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        return self

    def __exit__(self, *exc: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    def read(self, kind: str, updates: Sequence[bytes]) -> dict[str, Any]:
        """``content``, ``clocks`` and ``ms`` after all of them, in order; or ``error``."""
        return self._ask({"kind": kind, "updates": [update.hex() for update in updates]})

    def write(self, steps: Sequence[dict[str, Any]]) -> list[bytes]:
        """The updates of stock clients that edit one after the other."""
        return [bytes.fromhex(update) for update in self._ask({"steps": steps})["updates"]]

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return dict(json.loads(self._process.stdout.readline()))


def content_of(doc: Doc[Any], kind: str) -> Any:
    """The same of a document of the hub."""
    if kind == "text":
        return str(doc.get("content", type=Text))
    return {"children": [_tree(child) for child in doc.get("default", type=XmlFragment).children]}


def _tree(node: Any) -> Any:
    if isinstance(node, XmlText):
        runs: list[list[Any]] = []
        for piece, marks in node.diff():
            marks = marks or {}
            if runs and isinstance(piece, str) and isinstance(runs[-1][0], str) \
                    and runs[-1][1] == marks:  # fmt: skip
                runs[-1][0] += piece
            else:
                runs.append([piece, marks])
        return {"text": runs}
    assert isinstance(node, XmlElement)
    return {
        "name": node.tag,
        "attributes": {
            key: _plain(value) for key, value in attributes(node).items() if value is not None
        },
        "children": [_tree(child) for child in node.children],
    }


def _plain(value: Any) -> Any:
    """As JSON would have it: a Uint8Array becomes an object of its indices."""
    if isinstance(value, bytes | bytearray):
        return {str(index): byte for index, byte in enumerate(value)}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return value
