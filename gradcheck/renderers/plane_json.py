"""The plane of two inputs in JSON.

In: a plane. Out: for each gradient the classes that are found, how many pairs each has, and the rectangles that they
lie in, with exact ends; what lies in none that is listed is counted.
"""

from typing import Any

from gradcheck.records import Plane, PlaneClass, PlaneMap
from gradcheck.renderers.numbers import interval_object


def plane_object(plane: Plane) -> dict[str, Any]:
    """A whole plane; of each rectangle `x` is the interval of the first input, `y` that of the second."""
    return {
        "inputs": [traced.name for traced in plane.inputs],
        "dtypes": [traced.fmt.name for traced in plane.inputs],
        "ranges": [
            [[traced.fmt.shortest(lo), traced.fmt.shortest(hi)] for lo, hi in segments]
            for traced, segments in zip(plane.inputs, plane.segments, strict=True)
        ],
        "pairs": plane.pairs,
        "maps": [map_object(plane, shown) for shown in plane.maps],
    }


def map_object(plane: Plane, shown: PlaneMap) -> dict[str, Any]:
    """One gradient."""
    return {
        "version": shown.version,
        "wrt": shown.wrt,
        "classes": [class_object(plane, found) for found in shown.classes],
        "cells": list(shown.cells),
    }


def class_object(plane: Plane, found: PlaneClass) -> dict[str, Any]:
    """All pairs at which output and gradient are of two classes."""
    x, y = (traced.fmt for traced in plane.inputs)
    return {
        "forward": found.forward.value,
        "gradient": found.gradient.value,
        "pairs": found.pairs,
        "pairs_not_listed": found.unlisted,
        "rectangles": [
            {
                "x": interval_object(x, r.x_lo, r.x_hi),
                "y": interval_object(y, r.y_lo, r.y_hi),
                "pairs": r.pairs,
            }
            for r in found.rectangles
        ],
    }
