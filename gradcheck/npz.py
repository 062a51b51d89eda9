"""Arrays of a saved training step on disk.

In: arrays by name. Out: an `.npz` file, and the same read back. Principle: nothing is pickled, so that reading runs
nothing; what is damaged, or another array than the manifest says, is one line.
"""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.repros import BATCH, VARIABLES, Item, Manifest, wrong

Array = NDArray[Any]


def write_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """An `.npz` of arrays; raises ValueError for one that would have to be pickled."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for key, array in arrays.items():
            with archive.open(f"{key}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asanyarray(array), allow_pickle=False)


def read_arrays(path: Path, items: tuple[Item, ...]) -> list[Array]:
    """Some arrays of an `.npz`, in order; raises `CannotCheck` (GC907) where one is missing or is another."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            found = [archive[item.key] for item in items]
    except KeyError as error:
        raise wrong(path, f"it holds no {error}") from error
    except OSError as error:
        raise wrong(path, str(error.strerror or error)) from error
    except Exception as error:  # a damaged archive raises whatever its reader stumbles on
        raise wrong(path, f"it cannot be read: {type(error).__name__}: {error}") from error
    for item, array in zip(items, found, strict=True):
        if array.shape != item.shape or array.dtype.name != stored(item.dtype):
            raise wrong(
                path,
                f"{item.name} is {array.dtype.name}{list(array.shape)}, and {item.dtype}{list(item.shape)} is expected",
            )
    return found


def checked(directory: Path, manifest: Manifest) -> list[Array]:
    """The arrays of the SavedModel's inputs, once all files are known to be what the manifest says."""
    read_arrays(directory / VARIABLES, manifest.weights)
    return read_arrays(directory / BATCH, manifest.inputs)


def stored(dtype: str) -> str:
    """The dtype in which an array is kept."""
    return "float32" if dtype == "bfloat16" else dtype
