"""The door from Excel: what a button's macro calls through xlwings' RunPython.

RunPython waits for this process on Windows, so it only starts a worker and returns; everything that
takes time is imported there. Nothing raises into Excel and nothing exits: an exit would show an
empty error box.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Sequence
from typing import IO, NamedTuple

Process = subprocess.Popen[bytes]
_PATHS = re.compile(r'prepare_sys_path\((".*?")\)')
_DETACHED = 0x00000008 | 0x00000200 | 0x08000000  # no console, own group, no window


class Clicked(NamedTuple):
    """The workbook whose button was clicked."""

    fullname: str
    name: str
    hwnd: str


def run(action: str) -> None:
    """Hand an action to a worker process and return at once."""
    try:
        start(action, clicked(sys.argv, sys.orig_argv))
    except Exception as error:  # noqa: BLE001 - Excel must never see one
        _log(error)


def clicked(arguments: Sequence[str], command: Sequence[str]) -> Clicked:
    """Return which workbook was clicked, from the command line that RunPython builds.

    Its name stands behind `--wb=` and may hold `=`; its full name is the second of the paths that
    the code hands to xlwings.

    Args:
        arguments: `sys.argv`.
        command: `sys.orig_argv`, which still holds the code behind `-c`.

    Example:
        >>> code = 'import xlwings.utils;xlwings.utils.prepare_sys_path("False;/d/a=1.xlsm;x")'
        >>> clicked(["-c", "--wb=a=1.xlsm", "--hwnd=7"], ["python", "-c", code])
        Clicked(fullname='/d/a=1.xlsm', name='a=1.xlsm', hwnd='7')
    """
    given = dict(a[2:].split("=", 1) for a in arguments if a.startswith("--") and "=" in a)
    name = given.get("wb", "").strip()
    found = _PATHS.search(" ".join(command))
    paths = ast.literal_eval(found[1]).split(";") if found else []
    fullname = paths[1] if len(paths) > 1 else ""
    if re.split(r"[\\/]", fullname)[-1] != name and "://" not in fullname:
        fullname = ""  # a semicolon in the path: the name alone must do
    return Clicked(fullname, name, given.get("hwnd", "").strip())


def start(action: str, book: Clicked) -> None:
    """Start the worker, detached from Excel and from this process."""
    spawn([sys.executable, "-m", "stockbook.worker", action, *book])


def spawn(command: Sequence[str], errors: int | IO[bytes] = subprocess.DEVNULL) -> Process:
    """Start a process that outlives this one and has no window; return it."""
    options: dict[str, object] = (
        {"creationflags": _DETACHED} if sys.platform == "win32" else {"start_new_session": True}
    )
    process: Process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=errors,
        close_fds=True,
        **options,  # type: ignore[call-overload]
    )
    return process


def _log(error: Exception) -> None:
    """Write what went wrong before there was a worker; even that must not fail."""
    try:
        from stockbook import settings  # noqa: PLC0415 - only where it is needed

        settings.log_error(error)
    except Exception:  # noqa: BLE001, S110 - nothing is left to tell anyone
        pass
