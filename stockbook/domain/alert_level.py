"""The levels of an alert, in words and by rank; light enough for what starts with every click."""

from __future__ import annotations

from enum import StrEnum

from stockbook.domain.language import Label


class AlertLevel(StrEnum):
    """How bad it is; `rank` rises with it."""

    OK = "ok"
    WATCH = "watch"
    LOW = "low"
    CRITICAL = "critical"
    OUT = "out"

    @property
    def rank(self) -> int:
        """0 for ok … 4 for out."""
        return _RANKS[self]

    @property
    def label(self) -> Label:
        """The word people read."""
        return _LABELS[self]


_RANKS = {level: rank for rank, level in enumerate(AlertLevel)}
_LABELS = {
    AlertLevel.OK: Label("正常", "OK"),
    AlertLevel.WATCH: Label("关注", "Watch"),
    AlertLevel.LOW: Label("偏低", "Low"),
    AlertLevel.CRITICAL: Label("告急", "Critical"),
    AlertLevel.OUT: Label("断货", "Out"),
}
