"""Converters write hundreds of lines; they are kept for a failure and thrown away otherwise."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import tempfile
from collections.abc import Iterator


@contextlib.contextmanager
def quiet(show: bool = True) -> Iterator[None]:
    """Put stdout and stderr aside, at the level of file descriptors.

    Args:
        show: The end of it, if it fails; left out where the failure says enough by itself.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    failed = True
    with tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), 1)
        os.dup2(aside.fileno(), 2)
        try:
            yield
            failed = False
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, descriptor in enumerate(kept, start=1):
                os.dup2(descriptor, number)
                os.close(descriptor)
            if failed and show:
                aside.seek(0)
                sys.stderr.write(aside.read().decode("utf-8", "replace")[-4000:])


def hush_tensorflow() -> None:
    """Before the first import of TensorFlow: no log lines, no accelerator."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
