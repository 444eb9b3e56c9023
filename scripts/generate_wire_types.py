"""Writes web/src/wire/generated.ts: the wire of the hub as TypeScript types.

``hub.wire`` is the one description of what travels; this script copies it for the browser and never
adds to it. With ``--check`` it writes nothing and exits 1 when the file is stale.

A field is optional in TypeScript when a sender may leave it out: in commands and requests, every
field with a default; in what the hub sends, only where the struct omits its defaults.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, UnionType
from typing import Any, Literal, get_args, get_origin

import msgspec
from msgspec import inspect as mi

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from hub.wire import (  # noqa: E402
    agenda,
    api,
    busy,
    calls,
    commands,
    events,
    properties,
    protocol,
    references,
    reminders,
)

TARGET = ROOT / "web" / "src" / "wire" / "generated.ts"
HEADER = "// Written by scripts/generate_wire_types.py from hub.wire. Do not edit.\n"
BASES = {"Command", "CallAct", "Request", "Frame", "Typed", "ReadFrom"}
MODULES = (properties, references, agenda, commands, busy, reminders, calls, events, api)
RENAMED = {"Event": "TimelineEvent"}
"""``Event`` would hide the DOM's."""


def generate() -> str:
    """The whole text of the file."""
    writer = _Writer()
    for module in MODULES:
        writer.aliases(module)
    for module in MODULES:
        writer.structs(module)
    return writer.text()


class _Writer:
    def __init__(self) -> None:
        self._parts: list[str] = []
        self._literals: dict[tuple[Any, ...], str] = {}
        self._names: dict[type, str] = {}
        self._unions: dict[frozenset[Any], str] = {}
        self._tagged: dict[str, list[str]] = {"cmd": [], "t": []}

    def aliases(self, module: ModuleType) -> None:
        """The named literals of a module, and the names of its structs."""
        for name, value in vars(module).items():
            if get_origin(value) is Literal:
                values = tuple(sorted(get_args(value)))
                if values not in self._literals:
                    self._literals[values] = name
                    options = " | ".join(f'"{one}"' for one in get_args(value))
                    self._parts.append(f"export type {name} = {options};\n")
            elif _is_struct(value) and value.__module__ == module.__name__ and name not in BASES:
                self._names[value] = _ts_name(module, name)
        if module is properties:
            self._union_aliases(module)
        if len(set(self._names.values())) != len(self._names):
            raise SystemExit("Two structs of hub.wire would have one TypeScript name.")

    def _union_aliases(self, module: ModuleType) -> None:
        """The named unions of a module's structs."""
        for name, value in vars(module).items():
            if isinstance(value, UnionType):
                self._unions[frozenset(get_args(value))] = name
                options = " | ".join(self._names[one] for one in get_args(value))
                self._parts.append(f"export type {name} = {options};\n")

    def structs(self, module: ModuleType) -> None:
        """One interface for each struct of a module."""
        for value in vars(module).values():
            if _is_struct(value) and value in self._names and value.__module__ == module.__name__:
                self._struct(value)

    def _struct(self, cls: Any) -> None:
        info = mi.type_info(cls)
        assert isinstance(info, mi.StructType)
        name = self._names[cls]
        sent = info.tag_field == "cmd" or issubclass(cls, api.Request)
        lines = [_comment(cls), f"export interface {name} {{"]
        if info.tag_field is not None:
            lines.append(f'  {info.tag_field}: "{info.tag}";')
            if info.tag_field in self._tagged:
                self._tagged[info.tag_field].append(name)
        for field in info.fields:
            optional = not field.required and (sent or cls.__struct_config__.omit_defaults)
            if info.tag_field == "cmd" and field.name == "id":
                optional = False
            mark = "?" if optional else ""
            lines.append(f"  {field.encode_name}{mark}: {self._type(field.type)};")
        lines.append("}\n")
        self._parts.append("\n".join(line for line in lines if line))

    def _type(self, one: mi.Type) -> str:
        match one:
            case mi.IntType() | mi.FloatType():
                return "number"
            case mi.StrType():
                return "string"
            case mi.BoolType():
                return "boolean"
            case mi.NoneType():
                return "null"
            case mi.AnyType() | mi.RawType():
                return "unknown"
            case mi.LiteralType(values=values):
                named = self._literals.get(tuple(sorted(values)))
                return named or " | ".join(f'"{value}"' for value in values)
            case mi.UnionType(types=types):
                structs = frozenset(one.cls for one in types if isinstance(one, mi.StructType))
                if (named := self._unions.get(structs)) is None:
                    return " | ".join(self._type(each) for each in types)
                others = [self._type(one) for one in types if not isinstance(one, mi.StructType)]
                return " | ".join([named, *others])
            case mi.ListType(item_type=item):
                inner = self._type(item)
                plain = inner.isidentifier()
                return f"readonly {inner}[]" if plain else f"readonly ({inner})[]"
            case mi.TupleType(item_types=items):
                return f"readonly [{', '.join(self._type(item) for item in items)}]"
            case mi.DictType(key_type=key, value_type=value):
                return f"Readonly<Record<{self._type(key)}, {self._type(value)}>>"
            case mi.StructType(cls=cls):
                return self._names[cls]
            case mi.Metadata(type=inner_type):
                return self._type(inner_type)
        raise SystemExit(f"No TypeScript for {one!r}.")

    def text(self) -> str:
        unions = []
        for union, field in (("AnyCommand", "cmd"), ("AnyFrame", "t")):
            options = "".join(f"\n  | {name}" for name in self._tagged[field])
            unions.append(f"export type {union} ={options};\n")
        return HEADER + "\n" + "\n".join([*self._parts, *unions, self._results()])

    def _results(self) -> str:
        """What each command is answered with."""
        lines = (
            f"  {protocol.tag_of(one)}: {self._names[result] if result else 'null'};\n"
            for one, result in protocol.RESULTS.items()
        )
        head = "/** What each command is answered with. */\nexport interface Results {\n"
        return head + "".join(lines) + "}\n"


def _is_struct(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, msgspec.Struct)


def _ts_name(module: ModuleType, name: str) -> str:
    return f"{name}Command" if module is commands else RENAMED.get(name, name)


def _comment(cls: type) -> str:
    text = cls.__dict__.get("__doc__")
    if not text or text.startswith(f"{cls.__name__}("):
        return ""
    lines = [line.strip() for line in text.strip().splitlines()]
    if len(lines) == 1:
        return f"/** {lines[0]} */"
    return "\n".join(["/**", *(f" * {line}".rstrip() for line in lines), " */"])


def main() -> int:
    """Write the file, or with ``--check`` compare it."""
    fresh = generate()
    if "--check" in sys.argv[1:]:
        if not TARGET.exists() or TARGET.read_text() != fresh:
            print(f"{TARGET.name} is stale: run scripts/generate_wire_types.py", file=sys.stderr)
            return 1
        return 0
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(fresh)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
