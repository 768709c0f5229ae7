"""Shared by all tests: `--no-skips` turns any skip into a failure, so CI hides nothing."""

import hypothesis
import pytest


def pytest_addoption(parser):
    parser.addoption("--no-skips", action="store_true", help="a skipped test is a failure")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.skipped and item.config.getoption("--no-skips"):
        report.outcome = "failed"
        report.longrepr = f"skipped, and skips are refused here: {report.longrepr}"
    return report


hypothesis.settings.register_profile("here", deadline=None)  # a busy machine is no finding
hypothesis.settings.load_profile("here")
