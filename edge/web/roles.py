"""Who may do what on the page."""

from __future__ import annotations

from enum import IntEnum


class Role(IntEnum):
    """Roles in order: each may do what those before it may.

    A viewer looks; a reviewer runs examinations, reviews, signs and exports; an admin reads the
    audit, too.
    """

    NOBODY = 0
    VIEWER = 1
    REVIEWER = 2
    ADMIN = 3

    @property
    def word(self) -> str:
        """As typed at the command and kept in the file."""
        return self.name.lower()


def named_role(word: str) -> Role:
    """The role of a word such as ``reviewer``.

    Raises:
        ValueError: There is no such role to give to a person.
    """
    for role in (Role.VIEWER, Role.REVIEWER, Role.ADMIN):
        if role.word == word:
            return role
    raise ValueError(f"{word!r} is none of viewer, reviewer, admin")
