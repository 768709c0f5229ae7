"""A whole vbaProject.bin from modules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from stockbook.workbook.vba import cfb, ovba
from stockbook.workbook.vba.modules import Module


def vba_project(modules: Sequence[Module], *, name: str = "StockBook") -> bytes:
    """Return the bytes of vbaProject.bin; the same modules give the same bytes.

    Raises:
        ValueError: Two modules have one name (VBA ignores case).
    """
    counts = Counter(module.name.lower() for module in modules)
    twice = [found for found, n in counts.items() if n > 1]
    if twice:
        raise ValueError(f"two modules are called {twice[0]}")
    streams = {module.name: ovba.compress(module.source.encode("ascii")) for module in modules}
    inside = {
        "_VBA_PROJECT": ovba.PERFORMANCE_CACHE,
        "dir": ovba.compress(ovba.directory(modules, name)),
        **streams,
    }
    return cfb.compound(
        {"VBA": inside, "PROJECT": ovba.project(modules, name), "PROJECTwm": ovba.names(modules)}
    )
