"""An office file as what it is: a ZIP package of named parts, each read within bounds, and written
again with some of them changed and all others as they were.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from typing import Final

from hub.formats.refused import Refused

MAX_PARTS: Final = 10_000
MAX_PART_BYTES: Final = 96 << 20
MAX_BYTES: Final = 512 << 20
"""Of all parts, unpacked."""
_OLD: Final = bytes.fromhex("d0cf11e0a1b11ae1")
"""What OLE containers begin with: binary office files, and encrypted packages."""
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")


class Package:
    def __init__(self, data: bytes) -> None:
        """Raises:
        Refused: ``encrypted``, ``old_office_format``, ``damaged``, ``too_complex``.
        """
        if data.startswith(_OLD):
            raise Refused("encrypted" if _ENCRYPTED in data else "old_office_format")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError):
            raise Refused("damaged") from None
        infos = self._zip.infolist()
        names = [one.filename for one in infos]
        if len(set(names)) < len(names):  # each reader would see another one
            raise Refused("damaged")
        if len(infos) > MAX_PARTS or sum(one.file_size for one in infos) > MAX_BYTES:
            raise Refused("too_complex")
        if any(one.flag_bits & 1 for one in infos):
            raise Refused("encrypted")

    def __contains__(self, name: str) -> bool:
        return name in self._zip.NameToInfo

    def names(self) -> list[str]:
        return self._zip.namelist()

    def read(self, name: str) -> bytes:
        """Raises:
        Refused: ``damaged``: it is not there, or not what its checksum says; ``too_complex``.
        """
        return self._read(name, MAX_PART_BYTES)

    def written(self, changed: Mapping[str, bytes]) -> bytes:
        """The package with these parts replaced, in their places, or added behind all others."""
        made = io.BytesIO()
        left = dict(changed)
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as out:
            for info in self._zip.infolist():
                data = left.pop(info.filename, None)
                if data is None:
                    data = self._read(info.filename, MAX_BYTES)
                as_before = zipfile.ZipInfo(info.filename, info.date_time)
                as_before.external_attr = info.external_attr
                as_before.create_system = info.create_system
                stored = info.compress_type == zipfile.ZIP_STORED
                as_before.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
                out.writestr(as_before, data)
            for name, data in left.items():
                # A time that does not tell when: the same words are the same bytes.
                out.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
        return made.getvalue()

    def _read(self, name: str, most: int) -> bytes:
        try:
            with self._zip.open(name) as part:
                data = part.read(most + 1)
        except (
            KeyError, zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError,
            NotImplementedError,
        ):  # fmt: skip
            raise Refused("damaged") from None
        if len(data) > most:
            raise Refused("too_complex")
        return data


def packed(parts: Mapping[str, str]) -> bytes:
    """A new package of these parts, in their order; the same words are the same bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as out:
        for name, text in parts.items():
            # What the file is stands as it is where all can read it.
            how = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            out.writestr(zipfile.ZipInfo(name), text.encode(), how)
    return made.getvalue()
