"""Several modes at once: a code holds the classes of each."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from gradcheck.engine import Engine
from gradcheck.engine.panels import Panel
from gradcheck.records import Class
from gradcheck.tracing.modes import in_mode

EngineOf = Callable[..., Engine]


@tf.custom_gradient
def better(z: Any) -> Any:
    return tf.math.log(tf.exp(z) + 1), lambda upstream: upstream / (1 + 1 / tf.exp(z))


def root(x: Any) -> Any:
    return tf.where(x > 0, tf.sqrt(x), 0.0)


def panel_of(engine: Engine, *modes: str) -> Panel:
    return Panel({mode: Engine(in_mode(engine.target, mode), engine.plan) for mode in modes})


def test_the_classes_of_every_mode_are_in_the_code(engine_of: EngineOf) -> None:
    panel = panel_of(engine_of(root), "graph", "xla", "eager")
    codes = panel.classify(np.array([-5, 0x3F80_0000]))
    assert [panel.columns(int(code)) for code in codes] == [
        (Class.FINITE, Class.FINITE, Class.FINITE, Class.NAN, Class.FINITE, Class.FINITE),
        (Class.FINITE,) * 6,
    ]


def test_only_versions_that_every_mode_has_are_compared(engine_of: EngineOf) -> None:
    panel = panel_of(engine_of(better), "graph", "eager")
    assert panel.names == ("custom",)
    (code,) = panel.classify(np.array([int(panel.engines["graph"].fmt.encode(100.0))]))
    assert panel.columns(int(code)) == (Class.INF, Class.FINITE, Class.INF, Class.FINITE)


def test_each_mode_keeps_its_own_columns(engine_of: EngineOf) -> None:
    panel = panel_of(engine_of(better), "eager", "xla")
    (code,) = panel.classify(np.array([int(panel.engines["xla"].fmt.encode(100.0))]))
    engine = panel.engines["xla"]
    assert engine.columns(int(code) >> 16) == (Class.INF, Class.NAN, Class.FINITE)
