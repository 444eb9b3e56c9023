"""What every worker does around its own work: it takes the file, writes what is made of it, and
ends with a word that says how it went, so that the hub can tell a person.
"""

from __future__ import annotations

import importlib
import io
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO

import msgspec

from hub.sandbox.cell import write
from hub.sandbox.frames import Part, WorkError

Make = Callable[..., Iterator[Part]]
Kinds = Mapping[str, tuple[str, str]]
"""Kind of work → the module and the function that does it, loaded only then. It gets the file and
the options by name."""


def work(kinds: Kinds, kind: str, options: str) -> None:
    """Raises: nothing that a file could cause."""
    try:
        make = _maker(kinds, kind)
        for part in make(_input(), **msgspec.json.decode(options)):
            write(part)
    except WorkError as error:
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


def _maker(kinds: Kinds, kind: str) -> Make:
    if kind not in kinds:
        raise WorkError("unsupported", f"no kind {kind}")
    module, name = kinds[kind]
    make: Make = getattr(importlib.import_module(module), name)
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
