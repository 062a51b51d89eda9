"""What a result depends on besides the target: versions, the machine, settings of TensorFlow and Keras.

In: nothing. Out: texts, the same where results are. TensorFlow is not imported: an installed package is known by the
name of its metadata's directory, which has the version in it.
"""

import json
import os
import platform
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
METADATA = (".dist-info", ".egg-info")
SETTINGS = ("TF_", "XLA_", "KERAS_", "CUDA_VISIBLE_DEVICES", "NVIDIA_", "DNNL_", "ONEDNN_", "OMP_", "MKL_")
"""Beginnings of environment variables that change what TensorFlow computes, or where."""

LOGS = "TF_CPP_"
"""Beginning of those that change what it says."""

KERAS_DEFAULTS = {
    "floatx": "float32",
    "epsilon": 1e-07,
    "backend": "tensorflow",
    "image_data_format": "channels_last",
}

DEVICES = ("nvidia", "kfd", "dxg")
"""Beginnings of the files in /dev that graphics cards have."""


def surroundings() -> Iterator[str]:
    """All of it."""
    yield f"python {sys.implementation.name} {sys.version}"
    yield f"packages {installed()}"
    yield f"gradcheck {own_sources()}"
    yield f"machine {platform.system()} {platform.machine()} {instruction_set()}"
    yield f"devices {sorted(name for name in names_in('/dev') if name.startswith(DEVICES))}"
    yield f"settings {settings(os.environ)}"
    yield f"keras {keras_settings()}"


def installed() -> list[str]:
    """Every installed package with its version: a target may import any of them."""
    return sorted({name for place in sys.path for name in names_in(place or ".") if name.endswith(METADATA)})


def own_sources() -> list[tuple[str, int, int]]:
    """Gradcheck's own files with size and time of change: an editable install changes without its version."""
    found = []
    for directory, _, names in os.walk(PACKAGE):
        for name in names:
            if name.endswith(".py"):
                path = os.path.join(directory, name)  # noqa: PTH118 - pathlib takes ten times as long
                status = os.stat(path)  # noqa: PTH116
                found.append((path, status.st_size, status.st_mtime_ns))
    return sorted(found)


def instruction_set() -> str:
    """What the first processor can do, as far as the system tells."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:  # noqa: PTH123
            for line in lines:
                if line.startswith(("flags", "Features", "isa")):
                    return line.strip()
    except OSError:
        pass
    return platform.processor()


def settings(environment: Mapping[str, str]) -> list[tuple[str, str]]:
    """The environment variables that count."""
    return sorted((k, v) for k, v in environment.items() if k.startswith(SETTINGS) and not k.startswith(LOGS))


def keras_settings() -> list[tuple[str, str]]:
    """What keras.json sets; Keras writes its defaults there when it is first imported."""
    home = os.environ.get("KERAS_HOME")
    try:
        directory = Path(home) if home else Path.home() / ".keras"
        said = json.loads((directory / "keras.json").read_text(encoding="utf-8"))
        return sorted((str(key), repr(value)) for key, value in {**KERAS_DEFAULTS, **said}.items())
    except (OSError, RuntimeError, ValueError, TypeError):  # RuntimeError: there is no home
        return sorted((key, repr(value)) for key, value in KERAS_DEFAULTS.items())


def names_in(directory: str) -> list[str]:
    """What a directory holds; nothing where it is none."""
    try:
        return os.listdir(directory)  # noqa: PTH208
    except OSError:
        return []
