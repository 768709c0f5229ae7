"""VBA modules as a project stores them: source text with its attributes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["document", "standard", "class"]
WORKBOOK = "0{00020819-0000-0000-C000-000000000046}"
WORKSHEET = "0{00020820-0000-0000-C000-000000000046}"
CLASS = "0{FCFB3D2A-A0FA-1068-A738-08002B3371B5}"
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,30}")
_PREAMBLE = re.compile(r"\AVERSION [^\r]*\r\nBEGIN\r\n(?:[^\r]*\r\n)*?END\r\n", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"Attribute (VB_\w+) = ([^\r]*)\r\n")


@dataclass(frozen=True, slots=True)
class Module:
    """One module: its name, its kind, and its source with CRLF line ends.

    Raises:
        ValueError: The name is not one VBA takes, or the source is not ASCII.
    """

    name: str
    kind: Kind
    source: str

    def __post_init__(self) -> None:
        """Check what VBA would refuse."""
        if not NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is not a VBA module name")
        if not self.source.isascii():
            odd = next(c for c in self.source if not c.isascii())
            raise ValueError(f"module {self.name} holds {odd!r}; VBA sources must be ASCII")


def document(name: str, base: str = WORKSHEET) -> Module:
    """Return the empty module behind a sheet or the workbook."""
    flags = {"Creatable": False, "PredeclaredId": True, "Exposed": True, "Customizable": True}
    return Module(name, "document", _attributes(name, base, flags))


def standard(name: str, text: str) -> Module:
    """Return a module from a .bas file; its VB_Name must agree with `name`."""
    text = _crlf(text)
    found = re.match(r'Attribute VB_Name = "([^"]+)"\r\n', text)
    if found and found[1] != name:
        raise ValueError(f"the file is called {name}, its VB_Name is {found[1]}")
    head = "" if found else f'Attribute VB_Name = "{name}"\r\n'
    return Module(name, "standard", head + text)


def class_module(name: str, text: str) -> Module:
    """Return a class from a .cls file as the VBA editor exports it."""
    body = _PREAMBLE.sub("", _crlf(text))
    have: dict[str, str] = {}
    described = ""
    while found := _ATTRIBUTE.match(body):
        if found[1] in ("VB_Description", "VB_Ext_KEY"):
            described += found[0]
        have[found[1]] = found[2].strip('"')
        body = body[found.end() :]
    if have.get("VB_Name", name) != name:
        raise ValueError(f"the file is called {name}, its VB_Name is {have['VB_Name']}")
    flags = {
        flag: have.get(f"VB_{flag}") == "True" for flag in ("Creatable", "PredeclaredId", "Exposed")
    }
    attributes = _attributes(name, CLASS, flags | {"Customizable": False})
    return Module(name, "class", attributes + described + body)


def _crlf(text: str) -> str:
    lines = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return lines.replace("\n", "\r\n")


def _attributes(name: str, base: str, flags: dict[str, bool]) -> str:
    values = {
        "Name": f'"{name}"',
        "Base": f'"{base}"',
        "GlobalNameSpace": False,
        "Creatable": flags["Creatable"],
        "PredeclaredId": flags["PredeclaredId"],
        "Exposed": flags["Exposed"],
        "TemplateDerived": False,
        "Customizable": flags["Customizable"],
    }
    return "".join(f"Attribute VB_{key} = {value}\r\n" for key, value in values.items())
