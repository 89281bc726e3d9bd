"""A slide's number from a photograph of its label.

Photographs come from the network and are taken apart by libraries written in C. That is done in a
process of its own with little memory and time: whatever a picture does to it, the loop goes on.
"""

from __future__ import annotations

import asyncio
import io
import resource
import sys

from PIL import Image, ImageOps, UnidentifiedImageError

from edge.errors import BarcodeUnread, UsageFault
from edge.records.slide import checked_slide

_TIME_S = 10
_MEMORY_BYTES = 1_000_000_000
_MAX_PIXELS = 60_000_000
_WORKING_PX = 2000
_NO_CODE = 3


async def read_barcode(photo: bytes) -> str:
    """The text of the barcode in a photograph, as a slide's identifier.

    Raises:
        BarcodeUnread: It is no photograph, shows no barcode or several, or one that cannot be a
            slide's identifier.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "edge.web.barcode",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        out, _ = await asyncio.wait_for(process.communicate(photo), _TIME_S)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise BarcodeUnread("The photograph took too long to read.") from None
    if process.returncode != 0:
        raise BarcodeUnread("There is no single barcode in this photograph.")
    try:
        return checked_slide(out.decode("utf-8", "replace"))
    except UsageFault as fault:
        raise BarcodeUnread("The barcode is no slide's number.") from fault


def decode(photo: bytes) -> str | None:
    """The text of the one barcode in a photograph; None where there is none, or several."""
    import zxingcpp

    try:
        with Image.open(io.BytesIO(photo), formats=("JPEG", "PNG", "WEBP")) as picture:
            if picture.width * picture.height > _MAX_PIXELS:
                return None
            # JPEGs are reduced while they are read: a phone's 12 megapixels are more than enough.
            picture.draft("L", (_WORKING_PX, _WORKING_PX))
            grey = ImageOps.exif_transpose(picture).convert("L")
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    if max(grey.size) > 2 * _WORKING_PX:
        grey.thumbnail((2 * _WORKING_PX, 2 * _WORKING_PX))
    texts = {code.text for code in zxingcpp.read_barcodes(grey) if code.valid and code.text}
    return texts.pop() if len(texts) == 1 else None


def _main() -> int:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_TIME_S, _TIME_S))
    text = decode(sys.stdin.buffer.read())
    if text is None:
        return _NO_CODE
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    return 0


if __name__ == "__main__":
    sys.exit(_main())
