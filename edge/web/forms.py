"""What a browser sends with a form: read up to a limit, and taken apart without a dependency.

Only what this page's own forms send is understood: ``application/x-www-form-urlencoded``, and
``multipart/form-data`` (RFC 7578) with one file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.message import Message
from urllib.parse import parse_qsl

MAX_FORM_BYTES = 64_000
"""Largest form without a file."""
_MAX_FIELDS = 50
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{1,70}")


class FormUnreadable(ValueError):
    """A body that is no form, or not one of ours."""


@dataclass(frozen=True)
class Form:
    """A form's content.

    Attributes:
        values: The fields; of two with one name the last counts.
        file: Bytes of the file that came with it; None without one.
    """

    values: dict[str, str] = field(default_factory=dict)
    file: bytes | None = None

    def text(self, name: str) -> str:
        """A field, or an empty text."""
        return self.values.get(name, "")


def parse_form(content_type: str, body: bytes) -> Form:
    """The form in a body.

    Raises:
        FormUnreadable: It is none, or has too many fields.
    """
    header = Message()
    header["content-type"] = content_type.encode("ascii", "replace").decode()
    kind = header.get_content_type()
    if kind == "application/x-www-form-urlencoded":
        return Form(_urlencoded(body))
    if kind == "multipart/form-data":
        boundary = header.get_param("boundary")
        if not isinstance(boundary, str) or not _BOUNDARY.fullmatch(boundary):
            raise FormUnreadable("the form has no boundary")
        return _multipart(body, boundary.encode())
    raise FormUnreadable("this is no form")


def _urlencoded(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            max_num_fields=_MAX_FIELDS,
            encoding="utf-8",
            errors="strict",
        )
    except ValueError as error:
        raise FormUnreadable("the form is damaged or too large") from error
    return dict(pairs)


def _multipart(body: bytes, boundary: bytes) -> Form:
    values: dict[str, str] = {}
    file: bytes | None = None
    # The first delimiter may stand at the very beginning, without a line break before it.
    parts = (b"\r\n" + body).split(b"\r\n--" + boundary)
    if len(parts) < 3 or not parts[-1].startswith(b"--") or len(parts) > _MAX_FIELDS:
        raise FormUnreadable("the form is cut")
    for part in parts[1:-1]:
        head, found, content = part.partition(b"\r\n\r\n")
        if not found:
            raise FormUnreadable("a part of the form is cut")
        name, is_file = _disposition(head)
        if is_file:
            file = content
            continue
        try:
            values[name] = content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise FormUnreadable("the form is damaged") from error
    return Form(values, file)


def _disposition(head: bytes) -> tuple[str, bool]:
    """Name of a part, and whether it is a file."""
    for line in head.split(b"\r\n"):
        key, _, value = line.partition(b":")
        if key.strip().lower() == b"content-disposition":
            header = Message()
            header["content-disposition"] = value.strip().decode("utf-8", "replace")
            name = header.get_param("name", header="content-disposition")
            file_name = header.get_param("filename", header="content-disposition")
            if isinstance(name, str):
                return name, file_name is not None
    raise FormUnreadable("a part of the form has no name")
