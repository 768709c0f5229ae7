"""Made-up shops of ten kinds, to see whether what was chosen on one real shop holds on others."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Units = np.ndarray  # (n, days) units a day
DISPERSION = 3.0  # shape of the gamma that daily means are mixed with


class Maker:
    """The dice of one shop, and what its kinds are made of."""

    def __init__(self, seed: int, skus: int, days: int) -> None:
        self.random, self.shape = np.random.default_rng(seed), (skus, days)
        self.day = np.arange(days)
        self.mean = np.exp(self.random.normal(1.0, 1.2, (skus, 1)))

    def week(self, spread: float = 0.2) -> Units:
        """Return a weekday pattern of its own for every SKU."""
        pattern = np.exp(self.random.normal(0, spread, (self.shape[0], 7)))
        return pattern[:, self.day % 7]

    def sold(self, level: Units, dispersion: float = DISPERSION) -> Units:
        """Return negative binomial sales about a level."""
        mixed = self.random.gamma(dispersion, 1 / dispersion, self.shape)
        return self.random.poisson(level * mixed).astype(np.float32)

    def sometimes(self, share: float) -> Units:
        """Return days drawn with a chance, 1 or 0."""
        return (self.random.random(self.shape) < share).astype(float)


def _drifting(mean: float) -> Callable[[Maker], Units]:
    def made(m: Maker) -> Units:
        slope = m.random.normal(mean, 0.003, (m.shape[0], 1))
        return m.sold(m.mean * m.week() * np.exp(slope * (m.day - m.shape[1] / 2)))

    return made


def _shifting(m: Maker) -> Units:
    steps = m.sometimes(1 / 90) * m.random.normal(0, 0.8, m.shape)
    return m.sold(m.mean * m.week() * np.exp(steps.cumsum(axis=1)))


def _lumpy(m: Maker) -> Units:
    return (m.sometimes(0.08) * np.ceil(m.random.lognormal(2.0, 0.9, m.shape))).astype(np.float32)


def _seasonal(m: Maker) -> Units:
    turn = 2 * np.pi * (m.day / 365 + m.random.random((m.shape[0], 1)))
    return m.sold(m.mean * m.week() * np.exp(0.8 * np.sin(turn)))


def _bursting(m: Maker) -> Units:
    bursts = m.sometimes(1 / 40) * np.exp(m.random.normal(2.0, 0.6, m.shape))
    return m.sold(m.mean * m.week() * (1 + bursts))


def _short_lived(m: Maker) -> Units:
    age = m.day - m.random.integers(0, m.shape[1] - 60, (m.shape[0], 1))
    level = 3 * m.mean * m.week() * np.exp(-np.maximum(age, 0) / 60)
    return np.where(age >= 0, m.sold(level), 0).astype(np.float32)


KINDS: dict[str, Callable[[Maker], Units]] = {
    "steady": lambda m: m.sold(m.mean * m.week()),
    "strong week": lambda m: m.sold(m.mean * m.week(0.7)),
    "growing": _drifting(0.004),
    "fading": _drifting(-0.004),
    "level shifts": _shifting,
    "intermittent": lambda m: m.sold(0.15 * m.mean * m.week(), 0.7),
    "lumpy": _lumpy,
    "yearly season": _seasonal,
    "livestream bursts": _bursting,
    "short lives": _short_lived,
}


def shop(kind: str, seed: int = 7, skus: int = 300, days: int = 420) -> Units:
    """Return the daily units of the SKUs of one shop that sold on five days and more."""
    units = KINDS[kind](Maker(seed, skus, days))
    return units[(units[:, : days - 56] > 0).sum(axis=1) >= 5]  # noqa: PLR2004
