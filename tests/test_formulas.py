"""docs/FORMULAS.md: its examples run, its sections are whole, and no formula is missing."""

import ast
import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "stockbook"
TEXT = (ROOT / "docs" / "FORMULAS.md").read_text(encoding="utf-8")
TIERS = (PACKAGE / "classic.py", PACKAGE / "learned.py")
MODULES = (*sorted((PACKAGE / "domain").glob("*.py")), *TIERS)
TITLE = re.compile(r"^### .*: `(?P<name>[\w.]+)`$", re.MULTILINE)
SECTIONS = {
    found["name"]: TEXT[found.end() :].split("\n## ")[0].split("\n### ")[0]
    for found in TITLE.finditer(TEXT)
}


def public(body, prefix):
    """(name, docstring) of public classes, functions and methods."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            name = f"{prefix}.{node.name}"
            yield name, ast.get_docstring(node) or ""
            if isinstance(node, ast.ClassDef):
                yield from public(node.body, name)


NAMES = dict(
    found
    for path in MODULES
    for found in public(ast.parse(path.read_text(encoding="utf-8")).body, path.stem)
)


def test_every_formula_of_the_code_has_a_section():
    with_formula = {name for name, words in NAMES.items() if "Formula:" in words}
    missing = sorted(with_formula - set(SECTIONS))
    assert not missing, f"docs/FORMULAS.md has no section `### Title: `name`` for {missing}"


def test_every_section_is_about_something_that_exists():
    gone = sorted(set(SECTIONS) - set(NAMES))
    assert not gone, f"docs/FORMULAS.md tells of what the code no longer has: {gone}"


def test_every_title_names_its_function_once():
    titles = re.findall(r"^### .*$", TEXT, re.MULTILINE)
    assert len(titles) == len(SECTIONS), "a title lacks `: `module.function``, or stands twice"


@pytest.mark.parametrize("name", SECTIONS)
def test_every_section_has_symbols_with_units_a_formula_a_source_and_an_example(name):
    section = SECTIONS[name]
    for part in ("| symbol | unit | meaning |", "```text", "Source: ", ">>> "):
        assert part in section, f"{name} lacks {part!r}"


def test_the_examples_give_what_they_say():
    plain = re.sub(r"^```\w*$", "", TEXT, flags=re.MULTILINE)  # a fence is no expected output
    examples = doctest.DocTestParser().get_doctest(plain, {}, "FORMULAS.md", "FORMULAS.md", 0)
    assert len(examples.examples) > len(SECTIONS)
    said = []
    doctest.DocTestRunner(verbose=False).run(examples, out=said.append)
    assert not said, "".join(said)
