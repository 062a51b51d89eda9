"""The key of a result: a digest of all that the result depends on, as far as it can be told without running anything.

In: where a target lives, and texts of what else counts. Out: a key, or None where the target cannot be told from its
files. What counts: the target's source and that of every local module that it imports, transitively, in functions too;
the files of a SavedModel or Keras file; options, configuration, packages and the machine, which the caller adds. What
cannot be seen from here, and needs `--no-cache`: data files that the target's code reads, and environment variables of
its own.
"""

import contextlib
import os
import re
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path

from gradcheck.cache.modules import Module, find
from gradcheck.cache.sources import Facts, Import, digest_of, facts_of

CONTENT_LIMIT = 1 << 26
"""Bytes of a model's file up to which its content counts, 0.1 s; of a larger one its size and time of change."""

KERAS_MODULES = re.compile(r'"module": *"([\w.]+)"')
"""Modules that a Keras file's configuration takes classes from."""

Memory = MutableMapping[str, Facts]


class Untold(Exception):
    """A target depends on something that cannot be told from its files."""


@dataclass(frozen=True)
class Origin:
    """Where a target lives.

    Attributes:
        kind: `module`, `file`, or `model` (the directory or file of a saved model).
        text: its dotted name or its path.
    """

    kind: str
    text: str


def key_of(
    origins: tuple[Origin, ...], others: tuple[Origin, ...], also: tuple[str, ...], memory: Memory
) -> str | None:
    """The key of a result, or None.

    Args:
        origins: of the target, and of the one that it is compared with.
        others: of the targets that the same run imports, whose directories become importable too.
        also: texts of all else that counts, `surroundings` among them.
        memory: facts of sources, by their digests; filled.
    """
    try:
        lines = [line for origin in origins for line in depends_on(origin, origins, others, memory)]
    except (Untold, OSError, RecursionError):
        return None
    whole = [*also, str(Path.cwd()), repr(origins), *lines]
    return digest_of("\0".join(whole).encode("utf-8", "surrogatepass"))


def sources_of(origins: tuple[Origin, ...]) -> list[str]:
    """The files that targets need: their modules, local modules that those import, as far as it can be told, models."""
    found: dict[str, None] = {}
    for origin in origins:
        place = Path(origin.text)
        if origin.kind == "model":
            found |= dict.fromkeys(str(p) for p in (place.rglob("*") if place.is_dir() else [place]) if p.is_file())
        with contextlib.suppress(Untold):
            found |= dict.fromkeys(walk_of(origin, (origin,), (), {}, strict=False).files.values())
    return list(found)


def file_of(origin: Origin) -> str | None:
    """The Python file in which a target is, None of a model and where that cannot be told."""
    name = origin.text if origin.kind == "module" else root_of(origin.text)[1]
    try:
        return None if origin.kind == "model" else walk_of(origin, (origin,), (), {}, strict=False).files.get(name)
    except (Untold, OSError):
        return None


def lacks(origin: Origin) -> bool:
    """Whether a target imports a module that cannot be found: it may have been moved, or taken away."""
    try:
        return any(line.endswith(": missing") for line in walk_of(origin, (origin,), (), {}, strict=False).lines)
    except (Untold, OSError):
        return True


def depends_on(
    origin: Origin, origins: tuple[Origin, ...], others: tuple[Origin, ...], memory: Memory
) -> Iterator[str]:
    """A line for each thing that a target depends on."""
    yield from files_of(Path(origin.text)) if origin.kind == "model" else ()
    yield from sorted(walk_of(origin, origins, others, memory).lines)


def walk_of(
    origin: Origin, origins: tuple[Origin, ...], others: tuple[Origin, ...], memory: Memory, strict: bool = True
) -> "Walk":
    """The walk from a target, done."""
    here = Path.cwd()
    roots = dict.fromkeys(str(root) for o in (origin, *origins) if o.kind == "file" for root in [root_of(o.text)[0]])
    strange = {str(root_of(o.text)[0]) for o in others if o.kind == "file" and Path(o.text).is_file()}
    walk = Walk((*roots, str(here)), tuple(sorted(strange - {*roots, str(here)})), memory, strict)
    if origin.kind == "model":
        for name in keras_modules(Path(origin.text)):
            walk.follow(name)
    elif origin.kind == "file":
        _, name = root_of(origin.text)
        package = name.rpartition(".")[0]
        walk.read(Module(name, str(Path(origin.text).resolve()), ()), walk.follow(package) if package else None)
    else:
        walk.follow(origin.text)
    return walk


def root_of(file: str) -> tuple[Path, str]:
    """The directory that a file's import makes importable, and its dotted name from there."""
    path = Path(file).resolve()
    root, name = path.parent, path.stem
    while (root / "__init__.py").is_file():
        root, name = root.parent, f"{root.name}.{name}"
    return root, name


@dataclass
class Walk:
    """A walk over the modules that a target imports.

    Attributes:
        roots: directories that are searched before `sys.path`.
        strange: directories of other targets of the run, which may hide a module from this one.
        memory: facts of sources, by their digests.
        strict: whether it ends, by `Untold`, where a module imports what cannot be told.
        lines: what was found.
        files: of local modules, with their dotted names.
    """

    roots: tuple[str, ...]
    strange: tuple[str, ...]
    memory: Memory
    strict: bool = True
    lines: set[str] = field(default_factory=set)
    files: dict[str, str] = field(default_factory=dict)
    seen: dict[str, Module | None] = field(default_factory=dict)

    def follow(self, dotted: str) -> Module | None:
        """Import a module and the packages around it; None where it cannot be found."""
        module: Module | None = None
        for end in [*(m.start() for m in re.finditer(r"\.", dotted)), len(dotted)]:
            module = self.visit(dotted[:end], module)
            if module is None or not module.is_local:
                break
        return module

    def visit(self, name: str, parent: Module | None) -> Module | None:
        """One module of a package whose others are known."""
        if name not in self.seen:
            self.seen[name] = module = find(name, self.roots, parent)
            if parent is None and any(other_than(module, find_in(name, place)) for place in self.strange):
                raise Untold
            if module is None:
                self.lines.add(f"{name}: missing")
            elif module.is_local:
                self.read(module, parent)
            else:
                self.lines.add(f"{name}: {module.file} {stamp(module.file)}")
        return self.seen[name]

    def read(self, module: Module, package: Module | None) -> None:
        """Note a local module, and follow its imports."""
        if module.file is None:
            self.lines.add(f"{module.name}: {module.directories}")
            return
        self.files[module.name] = module.file
        content = Path(module.file).read_bytes()
        digest = digest_of(content)
        if not module.file.endswith(".py"):
            self.lines.add(f"{module.name}: {module.file} {digest}")
            return
        if digest not in self.memory:
            self.memory[digest] = facts_of(content)
        facts = self.memory[digest]
        if self.strict and not facts.told:
            raise Untold
        self.lines.add(f"{module.name}: {module.file} {facts.digest}")
        inside = module if module.is_package else package
        for imported in facts.imports:
            self.imported(imported, inside)

    def imported(self, what: Import, package: Module | None) -> None:
        """Follow one import of a module that lies in `package`."""
        module = self.follow(absolute(what, package))
        if module is None or what.name is None or not (module.is_local and module.is_package):
            return
        for name in submodules(module) if what.name == "*" else (what.name,):
            self.visit(f"{module.name}.{name}", module)


def absolute(what: Import, package: Module | None) -> str:
    """The dotted name of the module that an import names."""
    if not what.level:
        return what.module
    if package is None:
        raise Untold
    parts = package.name.split(".")
    if what.level > len(parts):
        raise Untold
    return ".".join([*parts[: len(parts) - what.level + 1], *([what.module] if what.module else [])])


def submodules(module: Module) -> list[str]:
    """Names of the files in a package: a star may import any of them."""
    files = [f for place in module.directories for f in Path(place).glob("*.py")]
    return sorted({f.stem for f in files} - {"__init__"})


def find_in(name: str, directory: str) -> Path | None:
    """What a directory would give for a name."""
    places = (Path(directory, f"{name}.py"), Path(directory, name))
    return next((place for place in places if place.exists()), None)


def other_than(module: Module | None, place: Path | None) -> bool:
    """Whether there is a place, and it is not the module's."""
    if place is None:
        return False
    own = {module.file, *module.directories} if module else set()
    return not any(o and os.path.realpath(o) == os.path.realpath(place) for o in own)


def stamp(file: str | None) -> str:
    """Size and time of change of an installed module."""
    if file is None:
        return ""
    status = Path(file).stat()
    return f"{status.st_size} {status.st_mtime_ns}"


def files_of(place: Path) -> Iterator[str]:
    """A line for each file of a saved model."""
    files = sorted(p for p in place.rglob("*") if p.is_file()) if place.is_dir() else [place]
    for path in files:
        small = path.stat().st_size <= CONTENT_LIMIT
        yield f"{path}: {digest_of(path.read_bytes()) if small else stamp(str(path))}"


def keras_modules(place: Path) -> list[str]:
    """Modules that loading a Keras file imports classes from."""
    if place.suffix != ".keras":
        return []
    import zipfile  # 10 ms that only these files need

    try:
        with zipfile.ZipFile(place) as archive:
            configuration = archive.read("config.json").decode("utf-8", "replace")
    except (zipfile.BadZipFile, KeyError):
        raise Untold from None
    return sorted(set(KERAS_MODULES.findall(configuration)))
