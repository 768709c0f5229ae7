"""The import rules of docs/ARCHITECTURE.md: arrows point inwards, each package has one home."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "stockbook"
INNER = {"domain", "settings"}
ADAPTERS = {"shops", "store", "workbook", "notify"}
MAY_IMPORT = {  # first-party part -> first-party parts it may import
    "domain": {"domain"},
    "settings": {"domain", "setting_specs"},
    "setting_specs": {"domain", "setting_specs_publish"},
    "setting_specs_publish": {"domain"},
    "shops": {"shops", "domain"},
    "store": {"store", "domain"},
    "public_holidays": set(),
    "workbook": {"workbook", "domain", "settings", "public_holidays"},
    "notify": {"domain"},
    "classic": {"domain"},
    "learned": {"domain"},
    "streams": INNER | {"shops", "store"},
    "intake": INNER | ADAPTERS | {"streams"},
    "tiers": {"domain", "classic", "learned"},
    "foresight": INNER | {"tiers", "workbook"},
    "pipeline": INNER | ADAPTERS | {"foresight", "intake"},
    "running": INNER | ADAPTERS,
    "actions": INNER | ADAPTERS | {"intake", "pipeline", "running"},
    "cli_insight": INNER | {"actions", "terminal"},
    "receiver": INNER | {"shops", "store"},
    "shop_look": INNER | ADAPTERS | {"intake"},
    "publishing": INNER | ADAPTERS | {"shop_look"},
    "publish_actions": INNER | ADAPTERS | {"intake", "publishing", "running", "shop_look"},
    "teller": INNER | {"notify", "store"},
    "watcher": INNER | ADAPTERS | {"intake", "pipeline", "running", "receiver"},
    "watch": INNER | ADAPTERS | {"addin", "running", "receiver", "teller", "watcher"},
    "addin": INNER,
    "worker": INNER | {"actions", "publish_actions", "running", "watch", "workbook"},
    "demo": INNER | {"actions", "running", "shops", "store", "workbook"},
    "setup": INNER,
    "doctor": INNER | {"actions", "running", "setup"},
    "terminal": INNER | {"running"},
    "cli_live": INNER | {"actions", "running", "terminal", "watch", "watcher"},
    "cli_publish": INNER | {"publish_actions", "running", "terminal"},
    "plain": {"domain", "plain_file"},
    "plain_file": {"domain"},
    "plain_plans": {"domain", "plain", "plain_file"},
    "cli_plan": {"domain", "plain", "plain_plans", "terminal"},
    "cli": INNER
    | {"actions", "cli_insight", "cli_live", "cli_plan", "cli_publish", "demo", "doctor"}
    | {"running", "setup", "terminal"},
    "__main__": {"cli"},
    "__init__": set(),
}
ONLY_IN = {  # third-party package -> the places that may import it
    "sqlalchemy": ("store/",),
    "alembic": ("store/",),
    "lxml": ("workbook/",),
    "xlsxwriter": ("workbook/",),
    "openpyxl": ("workbook/", "shops/export_file.py"),
    "xlwings": ("workbook/live_book.py", "workbook/live/", "addin.py"),
    "requests": ("shops/", "notify.py"),
    "starlette": ("shops/", "receiver.py"),
    "uvicorn": ("shops/", "receiver.py"),
    "pyarrow": ("plain.py", "plain_file.py", "plain_plans.py"),
    "typer": ("cli", "terminal.py"),
    "rich": ("cli", "terminal.py"),
    "keyring": ("settings.py",),
    "holidays": ("public_holidays.py",),
    "platformdirs": ("settings.py",),
    "lightgbm": ("learned.py",),
    "statsmodels": ("classic.py", "domain/uplift.py", "domain/analysis.py"),
}
MODULES = sorted(PACKAGE.rglob("*.py"))
assert MODULES


def imported(path):
    return imported_by(ast.parse(path.read_text(encoding="utf-8")), path)


def imported_by(tree, path):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: use absolute imports"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def part(path):
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_imports_point_inwards(path):
    assert part(path) in MAY_IMPORT, f"{part(path)}: say what it may import"
    where = path.relative_to(PACKAGE).as_posix()
    for name in imported(path):
        root, _, rest = name.partition(".")
        if root == "stockbook" and rest:
            assert rest.split(".")[0] in MAY_IMPORT[part(path)], name
        homes = ONLY_IN.get(root)
        assert homes is None or where.startswith(homes), f"{root} belongs in {homes}"


@pytest.mark.parametrize("path", [p for p in MODULES if part(p) == "domain"], ids=lambda p: p.stem)
def test_the_domain_touches_nothing_outside(path):
    outside = {"os", "pathlib", "socket", "time", "subprocess", "sqlite3", "requests", "logging"}
    assert not {name.split(".")[0] for name in imported(path)} & outside


SLOW = ("scipy.stats", "statsmodels", "lightgbm")


def test_starting_loads_nothing_that_takes_long():
    """Each of these takes longer to load than all of StockBook: inside functions, where used."""
    for path in MODULES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        at_once = ast.Module(
            [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)], []
        )
        names = list(imported_by(at_once, path))
        assert not [name for name in names if name.startswith(SLOW)], path


def test_pipeline_stays_readable_in_a_minute():
    pipeline = PACKAGE / "pipeline.py"
    if pipeline.exists():
        assert len(pipeline.read_text(encoding="utf-8").splitlines()) <= 150
