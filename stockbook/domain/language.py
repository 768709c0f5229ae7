"""The language of every sentence a person reads: Chinese by default, English on request.

The edges (cli, addin, tests) choose once with `speak`; everything inside asks `say`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal, NamedTuple

Language = Literal["zh", "en"]
_LANGUAGE: ContextVar[Language] = ContextVar("language", default="zh")


class Label(NamedTuple):
    """One text in both languages."""

    zh: str
    en: str

    def __str__(self) -> str:
        return self.zh if _LANGUAGE.get() == "zh" else self.en


def say(zh: str, en: str) -> str:
    """Return the sentence in the language that is spoken now.

    Example:
        >>> say("库存", "stock")
        '库存'
    """
    return zh if _LANGUAGE.get() == "zh" else en


def current() -> Language:
    """Return the language that is spoken now."""
    return _LANGUAGE.get()


@contextmanager
def speak(language: Language) -> Iterator[None]:
    """Speak `language` inside the block."""
    token = _LANGUAGE.set(language)
    try:
        yield
    finally:
        _LANGUAGE.reset(token)
