"""What changed files touch, so that a hook scans that and nothing else.

In: changed files, and the configuration. Out: names of targets: the functions to be scanned in those files, and the
configured targets any of whose local modules, however far away, or whose model is among them. Nothing is imported.
"""

from collections.abc import Collection, Iterator
from pathlib import Path

from gradcheck import cache
from gradcheck.configuration import Configuration
from gradcheck.configuration.files import OWN, SHARED
from gradcheck.errors import CannotCheck
from gradcheck.loading.discovery import discover
from gradcheck.loading.scan_comments import text_of
from gradcheck.pipeline.remembered import origin_of

SIGNS = ("custom_gradient", "gradcheck:")
"""Words of which one stands in every file that has something to be found; the others need not be parsed."""


def touched(files: Collection[Path], configured: Configuration) -> tuple[str, ...]:
    """Targets that changed files touch: configured ones in their order, then those of the files, in theirs."""
    changed = dict.fromkeys(path.resolve() for path in files)
    own = [name for name in configured.targets if is_touched(name, changed, configured)]
    covered = {place for name in own for place in [place_of(name)] if place}
    found = [name for path in changed for name in targets_in(path) if not covered & {(path, ""), place_of(name)}]
    return (*own, *found)


def is_touched(target: str, changed: Collection[Path], configured: Configuration) -> bool:
    """Whether a configured target, or what is said of it, may have changed; one that lacks a module may."""
    directory = Path(configured.directory or "").resolve()
    if directory / OWN in changed or directory / SHARED in changed:
        return True
    origin = origin_of(target)
    files = cache.sources_of((origin,)) if origin else []
    if origin is None or not files or any(Path(file).resolve() in changed for file in files):
        return True
    return cache.lacks(origin)


def targets_in(path: Path) -> Iterator[str]:
    """The targets to be found in a Python file; the file itself where it has some, but cannot be parsed."""
    source = text_of(path) if path.suffix == ".py" else ""
    if not any(sign in source for sign in SIGNS):
        return
    here = Path.cwd()
    shown = path.relative_to(here) if path.is_relative_to(here) else path
    try:
        yield from (f"{shown}:{name}" for name in discover(path))
    except (SyntaxError, ValueError, RecursionError, CannotCheck):
        yield str(shown)


def place_of(target: str) -> tuple[Path, str] | None:
    """File of a function, and its name there; None of what is in no Python file. A module has the name ""."""
    origin = origin_of(target)
    file = cache.file_of(origin) if origin else None
    return (Path(file).resolve(), target.rpartition(":")[2] if ":" in target else "") if file else None
