"""Answers that take long, computed once and then remembered, or told by someone who kept them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Remembered(Generic[_P, _T]):
    """A function of hashable values, as ``functools.lru_cache`` makes it, that can also be told.

    Args:
        function: What computes an answer.
        most: Answers kept; the oldest is forgotten first.
    """

    def __init__(self, function: Callable[_P, _T], most: int) -> None:
        self._function = function
        self._most = most
        self._known: dict[tuple[object, ...], _T] = {}
        self.__doc__ = function.__doc__

    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """The answer, remembered or computed now."""
        assert not kwargs, "asked by position, so that one question has one form"
        if args in self._known:
            return self._known[args]
        answer = self._function(*args, **kwargs)
        self.tell(answer, *args)
        return answer

    def tell(self, answer: _T, *question: object) -> None:
        """Remember an answer that was computed before."""
        self._known[question] = answer
        while len(self._known) > self._most:
            self._known.pop(next(iter(self._known)), None)


def remembered(most: int) -> Callable[[Callable[_P, _T]], Remembered[_P, _T]]:
    """Decorates a function whose ``most`` latest answers are kept."""
    return lambda function: Remembered(function, most)
