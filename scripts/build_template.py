"""Build `templates/StockBook.xlsm` and its English twin from their sources.

    python3 scripts/build_template.py            write them
    python3 scripts/build_template.py --check    compare with what stands there, part by part

The workbook comes from `stockbook/workbook/sheets.py`, its macros and ribbon from `templates/src`.
"""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import _venv

TEMPLATES = _venv.ROOT / "templates"
FILES = {"zh": "StockBook.xlsm", "en": "StockBook.en.xlsm"}


def built(language: str) -> bytes:
    """Return the template in one language; the same sources give the same bytes."""
    from stockbook import settings  # noqa: PLC0415 - only where the packages are installed
    from stockbook.domain.language import speak  # noqa: PLC0415
    from stockbook.workbook import builder  # noqa: PLC0415

    with speak(language):
        rows = settings.setting_rows()
        return builder.package(language=language, setting_rows=rows, with_macros=True)


def differences(old: bytes, new: bytes) -> list[str]:
    """Return the parts in which two workbooks differ."""
    parts = []
    for data in (old, new):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts.append({name: archive.read(name) for name in archive.namelist()})
    before, after = parts
    return sorted(n for n in {*before, *after} if before.get(n) != after.get(n))


def main(arguments: list[str]) -> int:
    """Write or check both templates."""
    code = 0
    for language, name in FILES.items():
        path, data = TEMPLATES / name, built(language)
        if "--check" not in arguments:
            path.write_bytes(data)
            print(f"{path.relative_to(_venv.ROOT)}: {len(data):,} bytes")
            continue
        wrong = differences(path.read_bytes(), data) if path.exists() else ["the whole file"]
        if wrong:
            code = 1
            print(f"{name} differs from its sources in {', '.join(wrong)}; "
                  "run python3 scripts/build_template.py")  # fmt: skip
    return code


if __name__ == "__main__":
    if Path(sys.prefix).resolve() != _venv.VENV.resolve():
        import subprocess

        python = _venv.ensure("requirements-dev.lock")
        raise SystemExit(subprocess.run([str(python), *sys.argv], check=False).returncode)
    raise SystemExit(main(sys.argv[1:]))
