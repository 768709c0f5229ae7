import pytest

from stockbook import settings
from stockbook.domain.alert_level import AlertLevel
from stockbook.domain.alerting import Policy
from stockbook.domain.language import speak
from stockbook.domain.problems import SettingsError


def rows(**values):
    return [(5 + i, {"setting": k, "value": v}) for i, (k, v) in enumerate(values.items())]


def test_an_empty_cell_means_the_default():
    found, problems = settings.read_settings(rows(**{"stock.review_days": None}), "设置")
    assert (found, problems) == (settings.Settings(), [])


@pytest.mark.parametrize("cell", ["两天", 99, -1, float("nan")])
def test_a_bad_value_is_named_and_the_default_holds(cell):
    found, problems = settings.read_settings(rows(**{"stock.review_days": cell}), "设置")
    assert found.review_days == settings.Settings().review_days
    (problem,) = problems
    assert (problem.where, problem.row, problem.expected) == ("设置", 5, "0–30")
    assert "默认值 2" in problem.fix


@pytest.mark.parametrize("cell", ["按天数", "days"])
def test_a_choice_is_read_in_either_language(cell):
    found, _ = settings.read_settings(rows(**{"stock.rule": cell}), "设置")
    assert found.rule == "days"


def test_every_default_is_within_its_own_bounds():
    for spec in settings.SPECS:
        assert spec.parse(spec.shown(spec.default)) == spec.default, spec.key


def test_what_the_sheet_shows_reads_back_as_it_was():
    chosen = settings.Settings(shop_name="店", rule="days", service_level=0.9)
    pairs = [(i, row) for i, row in enumerate(settings.setting_rows(chosen), 5)]
    assert settings.read_settings(pairs, "设置") == (chosen, [])
    with speak("en"):
        assert {row["value"] for row in settings.setting_rows(chosen)} >= {"days", "店"}


def test_what_people_choose_is_when_they_are_told():
    assert settings.Settings().alert_policy() == Policy()
    chosen = {"tell_from": "断货", "calm_minutes": 5, "quiet_from": 0, "quiet_until": 7.5}
    cells = rows(**{f"alert.{k}": v for k, v in chosen.items()}, **{"alert.digest_lines": 3})
    found, problems = settings.read_settings(cells, "设置")
    assert problems == []
    assert found.alert_policy() == Policy(AlertLevel.OUT, 5, 0, 7.5, 3)


def test_missing_credentials_are_named_with_the_way_to_store_them(monkeypatch):
    for name in ("APP_KEY", "APP_SECRET", "SHOP_ID"):
        monkeypatch.delenv(f"STOCKBOOK_{name}", raising=False)
    monkeypatch.setattr(settings.keyring, "get_password", lambda *_: None)
    with pytest.raises(SettingsError, match=r"STOCKBOOK_APP_KEY.*keyring set"):
        settings.credentials()


def test_the_secret_never_shows(monkeypatch):
    for name in ("APP_KEY", "APP_SECRET", "SHOP_ID", "GATEWAY"):
        monkeypatch.setenv(f"STOCKBOOK_{name}", f"value-of-{name}")
    found = settings.credentials()
    assert found.app_secret == "value-of-APP_SECRET"
    assert "value-of-APP_SECRET" not in repr(found)
