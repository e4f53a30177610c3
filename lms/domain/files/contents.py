"""What a file is by its content. Neither its name nor what the browser says of it is believed."""

import hashlib
import io
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

from lms.domain.files.upload_limits import LARGEST, MB
from lms.errors import Invalid

LONGEST_NAME = 120
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Kind:
    """`word` is what people call it, `endings` what its names end with; `fits(data)` is whether bytes are one."""

    word: str
    media_type: str
    endings: tuple[str, ...]
    fits: Callable[[bytes], bool]


@dataclass(frozen=True)
class Content:
    """A file that was looked at and may be kept; `size` in bytes."""

    name: str
    media_type: str
    data: bytes = field(repr=False)

    @property
    def size(self) -> int:
        return len(self.data)

    @property
    def sha256(self) -> bytes:
        return hashlib.sha256(self.data).digest()


def examine(name: str, data: bytes) -> Content:
    """The Content of an upload; raises Invalid for what is no PDF, PNG or JPEG, too large, empty, or named in a way that cannot be kept."""
    name = check_name(name)
    if not data:
        raise Invalid("%(name)s is empty.", name=name)
    if len(data) > LARGEST:
        raise Invalid("%(name)s is too large. The most is %(count)d MB.", name=name, count=LARGEST // MB)
    kind = next((kind for kind in KINDS if kind.fits(data)), None)
    if kind is None or _is_archive(data):
        raise Invalid("%(name)s is not a whole PDF, PNG or JPEG file.", name=name)
    if not name.lower().endswith(kind.endings):
        raise Invalid("%(name)s holds a %(kind)s. Give it a name that ends with %(ending)s.", name=name, kind=kind.word, ending=kind.endings[0])
    return Content(name, kind.media_type, data)


def check_name(name: str) -> str:
    """The name of a file without what surrounds it; raises Invalid for a path, and for letters that cannot be shown."""
    name = name.strip()
    if re.search(r"[/\\]", name) or name.startswith("."):
        raise Invalid("The name of a file must not hold a path.")
    if not 1 <= len(name) <= LONGEST_NAME:
        raise Invalid("The name of a file has 1 to %(count)d characters.", count=LONGEST_NAME)
    if any(unicodedata.category(letter)[0] == "C" for letter in name):
        raise Invalid("The name of a file holds a character we cannot show.")
    return name


def _is_pdf(data: bytes) -> bool:
    return bool(re.match(rb"%PDF-[12]\.\d", data)) and b"%%EOF" in data[-1024:]


def _is_png(data: bytes) -> bool:
    """Whether it is chunks that are whole, from the header to the end, and nothing behind."""
    if not data.startswith(_PNG + b"\0\0\0\rIHDR"):
        return False
    place = len(_PNG)
    while place + 12 <= len(data):
        length = int.from_bytes(data[place : place + 4])
        kind, end = data[place + 4 : place + 8], place + 12 + length
        if zlib.crc32(data[place + 4 : end - 4]) != int.from_bytes(data[end - 4 : end]):
            return False
        if kind == b"IEND":
            return end == len(data)
        place = end
    return False


def _is_jpeg(data: bytes) -> bool:
    return data.startswith(b"\xff\xd8\xff") and data.rstrip(b"\0").endswith(b"\xff\xd9")


def _is_archive(data: bytes) -> bool:
    """Whether it is a ZIP as well: two kinds in one file fool who trusts either."""
    return zipfile.is_zipfile(io.BytesIO(data))


KINDS = (
    Kind("PDF", "application/pdf", (".pdf",), _is_pdf),
    Kind("PNG", "image/png", (".png",), _is_png),
    Kind("JPEG", "image/jpeg", (".jpg", ".jpeg"), _is_jpeg),
)
