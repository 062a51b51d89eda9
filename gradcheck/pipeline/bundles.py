"""The user's files that a scan elsewhere needs, as one archive.

In: texts of the command line. Out: an archive, and, on another machine, the directory that it was unpacked into. A file
keeps its place under the working directory, or under the directory of `sys.path` that it was found in.
"""

import hashlib
import io
import sys
import tempfile
import zipfile
from pathlib import Path

from gradcheck.cache import Origin, sources_of

HERE, THERE = "here", "there"
"""Directories of an archive: the working directory, and all others that modules were found in."""

EPOCH = (1980, 1, 1, 0, 0, 0)


def packed(origins: tuple[Origin, ...]) -> bytes:
    """The archive of what some targets need; the same bytes for the same files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(f"{HERE}/", EPOCH), b"")
        for name, file in sorted((placed(Path(file).resolve()), file) for file in sources_of(origins)):
            archive.writestr(zipfile.ZipInfo(name, EPOCH), Path(file).read_bytes(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def placed(file: Path) -> str:
    """Where a file is in the archive."""
    for place, root in ((HERE, Path.cwd()), *((THERE, Path(entry).resolve()) for entry in sys.path)):
        if file.is_relative_to(root):
            return f"{place}/{file.relative_to(root).as_posix()}"
    return f"{THERE}/{file.name}"


def unpacked(archive: bytes) -> Path:
    """The directory with what is in an archive, in this machine's directory of temporary files."""
    digest = hashlib.blake2b(archive, digest_size=16).hexdigest()
    home = Path(tempfile.mkdtemp(prefix=f"gradcheck-{digest[:8]}-"))
    with zipfile.ZipFile(io.BytesIO(archive)) as content:
        content.extractall(home)
    return home.resolve()
