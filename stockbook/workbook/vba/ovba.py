"""The streams of a VBA project: compression, encryption and the directory.

Source: Microsoft's [MS-OVBA], sections 2.3.1 (PROJECT), 2.3.4.2 (dir), 2.4.1 (compression), 2.4.3
(data encryption).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from stockbook.workbook.vba.modules import Module

CHUNK = 4096
SHORTEST = 3  # bytes that are worth a copy token
RAW, PACKED = 0x3000, 0xB000
CODEC, CODEPAGE = "cp936", 936
PROJECT_ID = "{6C9F5D0E-3A52-4B7E-9B1B-5D0C0B00C0DE}"
PERFORMANCE_CACHE = bytes.fromhex("CC61FFFF000000")  # version 0xFFFF: compile the sources
REFERENCES = (
    (
        "stdole",
        (
            r"*\G{00020430-0000-0000-C000-000000000046}#2.0#0#C:\Windows\System32\stdole2.tlb"
            "#OLE Automation"
        ),
    ),
    (
        "Office",
        (
            r"*\G{2DF8D04C-5BFA-101B-BDE5-00AA0044DE52}#2.0#0#C:\Program Files\Common Files"
            r"\Microsoft Shared\OFFICE16\MSO.DLL#Microsoft Office 16.0 Object Library"
        ),
    ),
)  # VBA and Excel themselves are implied: Excel writes no reference for them


def compress(data: bytes) -> bytes:
    """Return data as a compressed container.

    Example:
        >>> decompress(compress(b"End Sub " * 600)) == b"End Sub " * 600
        True
    """
    out = bytearray(b"\x01")
    for start in range(0, len(data), CHUNK):
        out += _chunk(data[start : start + CHUNK])
    return bytes(out)


def _chunk(chunk: bytes) -> bytes:
    body, place, seen = bytearray(), 0, dict[bytes, list[int]]()
    while place < len(chunk):
        flags, tokens = 0, bytearray()
        for bit in range(8):
            if place >= len(chunk):
                break
            length, source, bits = _longest(chunk, place, seen)
            if length >= SHORTEST:
                token = (place - source - 1) << (16 - bits) | (length - SHORTEST)
                tokens += struct.pack("<H", token)
                flags |= 1 << bit
            else:
                length = 1
                tokens.append(chunk[place])
            for p in range(place, place + length):
                seen.setdefault(chunk[p : p + SHORTEST], []).append(p)
            place += length
        body.append(flags)
        body += tokens
    if len(body) > CHUNK:
        if len(chunk) < CHUNK:
            raise ValueError("an incompressible last chunk; source text never is")
        return struct.pack("<H", RAW | (CHUNK - 1)) + chunk
    return struct.pack("<H", PACKED | (len(body) + 2 - 3)) + body


def _longest(chunk: bytes, place: int, seen: dict[bytes, list[int]]) -> tuple[int, int, int]:
    """Return the longest earlier match: its length, where it begins, and the offset's bits."""
    bits = max(4, (place - 1).bit_length()) if place > 1 else 4
    most = min((0xFFFF >> bits) + SHORTEST, len(chunk) - place)
    best, source = 0, 0
    if most < SHORTEST:
        return best, source, bits
    for candidate in reversed(seen.get(chunk[place : place + SHORTEST], ())):
        if place - candidate > (1 << bits) or best == most:
            break
        n = SHORTEST
        while n < most and chunk[candidate + n] == chunk[place + n]:
            n += 1
        if n > best:
            best, source = n, candidate
    return best, source, bits


def decompress(data: bytes) -> bytes:
    """Return what a compressed container holds.

    Raises:
        ValueError: It is not one.
    """
    if data[:1] != b"\x01":
        raise ValueError("a compressed container begins with 1")
    out, place = bytearray(), 1
    while place < len(data):
        head = int(struct.unpack_from("<H", data, place)[0])
        end = min(len(data), place + (head & 0xFFF) + 3)
        if head >> 12 & 7 != RAW >> 12:
            raise ValueError(f"no chunk at byte {place}")
        place += 2
        if head & 0x8000:
            _expand(data, place, end, out)
        else:
            out += data[place:end]
        place = end
    return bytes(out)


def _expand(data: bytes, place: int, end: int, out: bytearray) -> None:
    start = len(out)
    while place < end:
        flags = data[place]
        place += 1
        for bit in range(8):
            if place >= end:
                break
            if not flags >> bit & 1:
                out.append(data[place])
                place += 1
                continue
            token = int(struct.unpack_from("<H", data, place)[0])
            place += 2
            bits = max(4, (len(out) - start - 1).bit_length())
            back = (token >> (16 - bits)) + 1
            for _ in range((token & (0xFFFF >> bits)) + SHORTEST):
                out.append(out[-back])


def encrypted(data: bytes, seed: int) -> str:
    """Return a protection field of PROJECT (CMG, DPB, GC): obfuscated, not secret."""
    key = sum(PROJECT_ID.encode("ascii")) & 0xFF
    made = [seed, seed ^ 2, seed ^ key]
    plain, first, second = key, made[2], made[1]
    ignored = bytes([seed]) * ((seed & 6) // 2)
    for byte in ignored + struct.pack("<I", len(data)) + data:
        value = byte ^ ((second + plain) & 0xFF)
        made.append(value)
        second, first, plain = first, value, byte
    return bytes(made).hex().upper()


def _record(number: int, data: bytes = b"") -> bytes:
    return struct.pack("<HI", number, len(data)) + data


def _named(narrow: int, wide: int, text: str) -> bytes:
    return _record(narrow, text.encode(CODEC)) + _record(wide, text.encode("utf-16-le"))


def directory(modules: Sequence[Module], name: str) -> bytes:
    """Return the uncompressed `dir` stream: project, references, modules."""
    english = struct.pack("<I", 0x409)
    out = bytearray()
    out += _record(0x01, struct.pack("<I", 1))  # for 32-bit Windows, as Excel writes everywhere
    out += _record(0x02, english) + _record(0x14, english)
    out += _record(0x03, struct.pack("<H", CODEPAGE)) + _record(0x04, name.encode(CODEC))
    out += _record(0x05) + _record(0x40) + _record(0x06) + _record(0x3D)
    out += _record(0x07, bytes(4)) + _record(0x08, bytes(4))
    out += struct.pack("<HIIH", 0x09, 4, 0x6C31A725, 5)  # version; its size field is always 4
    out += _record(0x0C) + _record(0x3C)
    for title, library in REFERENCES:
        found = struct.pack("<I", len(library)) + library.encode(CODEC) + bytes(6)
        out += _named(0x16, 0x3E, title) + _record(0x0D, found)
    out += _record(0x0F, struct.pack("<H", len(modules))) + _record(0x13, b"\xff\xff")
    for module in modules:
        out += _named(0x19, 0x47, module.name) + _named(0x1A, 0x32, module.name)
        out += _record(0x1C) + _record(0x48) + _record(0x31, bytes(4)) + _record(0x1E, bytes(4))
        kind = 0x21 if module.kind == "standard" else 0x22
        out += _record(0x2C, b"\xff\xff") + _record(kind) + _record(0x2B)
    return bytes(out + _record(0x10))


def project(modules: Sequence[Module], name: str) -> bytes:
    """Return the PROJECT stream: the text that lists the modules."""
    declared = {"document": "Document={}/&H00000000", "standard": "Module={}", "class": "Class={}"}
    lines = [
        f'ID="{PROJECT_ID}"',
        *(declared[m.kind].format(m.name) for m in modules),
        f'Name="{name}"',
        'HelpContextID="0"',
        'VersionCompatible32="393222000"',
        f'CMG="{encrypted(bytes(4), 0x6C)}"',
        f'DPB="{encrypted(bytes(1), 0x35)}"',
        f'GC="{encrypted(bytes([0xFF]), 0x9A)}"',
        "",
        "[Host Extender Info]",
        "&H00000001={3832D640-CF90-11CF-8E43-00A0C911005A};VBE;&H00000000",
        "",
        "[Workspace]",
        *(f"{m.name}=0, 0, 0, 0, C" for m in modules),
        "",
    ]
    return "\r\n".join(lines).encode(CODEC)


def names(modules: Sequence[Module]) -> bytes:
    """Return the PROJECTwm stream: module names in both encodings."""
    pairs = (m.name.encode(CODEC) + b"\0" + f"{m.name}\0".encode("utf-16-le") for m in modules)
    return b"".join(pairs) + b"\0\0"
