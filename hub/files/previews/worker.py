"""What runs inside: makes one thing of the file that is its standard input.

Source of every kind's options: the function of that kind. A failure is a last word with a reason,
so that the hub can tell a person.
"""

from __future__ import annotations

import importlib
import io
import os
import stat
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

import msgspec

from hub.files.previews.cell import write
from hub.files.previews.frames import Part, PreviewError

Make = Callable[..., Iterator[Part]]

_KINDS: Final = {
    "image": ("images", "thumbnails"),
    "pdf": ("pdf", "pages"),
    "text": ("text", "plain"),
    "office_text": ("extract", "text"),
    "office_pdf": ("office", "to_pdf"),
    "strip": ("strip", "without_place"),
}


def main(kind: str, options: str) -> None:
    """Raises: nothing that a file could cause."""
    try:
        make = _maker(kind)
        for part in make(_input(), **msgspec.json.decode(options)):
            write(part)
    except PreviewError as error:
        last = _failed(error.reason, error.detail)
    except MemoryError:
        last = _failed("too_large", "more memory than allowed")
    except ImportError as error:
        last = _failed("unsupported", f"not installed: {error.name}")
    except Exception as error:  # decoders raise anything on nonsense
        last = _failed("damaged", f"{type(error).__name__}: {error}"[:200])
    else:
        last = Part("end")
    write(last)


def _maker(kind: str) -> Make:
    """Each kind loads its own libraries only."""
    if kind not in _KINDS:
        raise PreviewError("unsupported", f"no kind {kind}")
    module, name = _KINDS[kind]
    make: Make = getattr(importlib.import_module(f"hub.files.previews.{module}"), name)
    return make


def _failed(reason: str, detail: str) -> Part:
    # JSON knows no lone surrogates.
    return Part("failed", {"reason": reason, "detail": detail.encode("utf-8", "replace").decode()})


def _input() -> BinaryIO:
    """The whole file, seekable."""
    if stat.S_ISREG(os.fstat(0).st_mode):
        return open(0, "rb", closefd=False)
    with open(0, "rb", closefd=False) as pipe:
        return io.BytesIO(pipe.read())
