"""Functions with known faults, at a point: what a cause, a sentence and a chain are made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.program import Node, Observation, Place, Program, Ref
from gradcheck.records import Study
from gradcheck.truth import exact_at, local_errors_at

StudyOf = Callable[..., Study]


def softplus(z: Any) -> Any:
    return tf.math.log(tf.exp(z) + 1)


def where_softplus(z: Any) -> Any:
    return tf.where(z > 30, z, softplus(z))


def where_not_softplus(z: Any) -> Any:
    return tf.where(z <= 30, softplus(z), z)


def one_minus_cosine(x: Any) -> Any:
    return tf.math.log(1.0 - tf.cos(x))


def norm(x: Any) -> Any:
    return tf.sqrt(x * x)


@tf.custom_gradient
def wrong_square(x: Any) -> Any:
    def gradient(dy: Any) -> Any:
        return dy * 3.0 * x

    return x * x, gradient


@tf.custom_gradient
def better_softplus(z: Any) -> Any:
    def gradient(dy: Any) -> Any:
        return dy / (1 + 1 / tf.exp(z))

    return tf.math.log(tf.exp(z) + 1), gradient


FUNCTIONS = {f.__name__: f for f in (softplus, where_softplus, where_not_softplus, one_minus_cosine, norm)} | {
    "wrong_square": wrong_square,
    "better_softplus": better_softplus,
}


@dataclass(frozen=True)
class Scene:
    """One version of a function at one point."""

    study: Study
    point: tuple[float, ...]

    @property
    def program(self) -> Program:
        return self.study.program

    @property
    def seen(self) -> Observation:
        return self.study.observe(self.point)

    @property
    def errors(self) -> Mapping[int, float]:
        return local_errors_at(self.program, self.point)

    @property
    def exact(self) -> Mapping[Ref, float | None]:
        return exact_at(self.program, self.point)

    def place(self, op: str) -> int:
        """Position of the only forward operation of a type."""
        (found,) = (i for i in self.program.forward if self.program.nodes[i].op == op)
        return found


@pytest.fixture(scope="session")
def scene(study_of: StudyOf) -> Callable[..., Scene]:
    """A function of this file at a point."""
    studies: dict[tuple[str, str], Study] = {}

    def build(name: str, *point: float, version: str = "autodiff") -> Scene:
        if (name, version) not in studies:
            studies[name, version] = study_of(FUNCTIONS[name], version)
        return Scene(studies[name, version], point)

    return build


@pytest.fixture(scope="session")
def sketch() -> Callable[..., tuple[Program, Observation]]:
    """A program drawn by hand, from rows (name, op, inputs, value); a value None was not observed."""

    def build(
        *rows: tuple[Any, ...], outputs: tuple[int, ...], forward: Mapping[str, str] | None = None
    ) -> tuple[Program, Observation]:
        names = [row[0] for row in rows]
        nodes = tuple(
            Node(
                name=name,
                op=op,
                inputs=tuple((names.index(i), 0) for i in inputs),
                dtypes=("bool" if op in ("Greater", "Less") else "float32",),
                value=np.array(value) if op == "Const" else None,
                place=Place("/home/me/model.py", 10 + i, f"{name} = ..."),
                forward=(forward or {}).get(name),
            )
            for i, (name, op, inputs, value) in enumerate(rows)
        )
        program = Program(nodes, (0,), tuple((i, 0) for i in outputs))
        seen = {(i, 0): np.array([value], dtype=np.float64) for i, (*_, value) in enumerate(rows) if value is not None}
        return program, seen

    return build
