"""What is true of the training scripts, established without gradcheck: `python tests/corpus/training_facts.py [NAME...]`.

In: the scripts. Out: a table, and with --write training.json. Every script runs twice, unchanged, in processes of its own:

native: as it is written. Keras's `Optimizer.apply` and the assigning methods of variables are wrapped, and count NaN and
    infinities of what they are given into variables of their own, which work eagerly, in graphs and under XLA. Which
    step is the first bad one, and in which variables, comes from here.
lines: with every tf.function run eagerly, until the first bad update. Every operation of that step is looked at with the
    line of the script that it stands in, and every gradient function with that of its forward operation. The marked
    line must be among those where a bad value comes out of good ones. The step must be the same as in the native run.
"""

import argparse
import json
import os
import re
import runpy
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SCRIPTS = HERE / "training"
FACTS = HERE / "training.json"
MARK = re.compile(r"# disease$")
Facts = dict[str, Any]


class Reached(BaseException):
    """The first bad update: nothing behind it is needed."""


class State(threading.local):
    """What is going on in this thread."""

    inside = 0  # of an optimizer's apply
    backward = 0
    outer: Any = None  # the loss scaling optimizer around


STATE = State()
XLA: list[bool] = []  # of the tf.functions that are being called, whether XLA compiles them
TAPES: list[str] = []  # the ways in which gradients were computed
RECORDS: list[Facts] = []  # one an optimizer, or a variable that is assigned to by hand


def main() -> int:
    """Run the scripts that are named, or all."""
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--child", choices=("native", "lines"))
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    if options.child:
        return child(options.child, options.names[0])
    known = {entry["script"]: entry for entry in json.loads(FACTS.read_text())} if FACTS.exists() else {}
    wrong = 0
    for path in sorted(SCRIPTS.glob("*/*.py")):
        if options.names and path.stem not in options.names:
            continue
        entry, complaints = facts_of(path, options.verbose)
        is_new = known.get(entry["script"]) != entry
        if options.write:
            known[entry["script"]] = entry
        elif is_new:
            complaints.append("differs from training.json")
        wrong += bool(complaints)
        print(json.dumps(entry), *complaints, sep="\n    ! ", flush=True)  # noqa: T201
    if options.write:
        there = sorted(key for key in known if (SCRIPTS / key).exists())
        FACTS.write_text("[\n" + ",\n".join(json.dumps(known[key]) for key in there) + "\n]\n")
    return bool(wrong)


def facts_of(path: Path, verbose: bool) -> tuple[Facts, list[str]]:
    """An entry of training.json, and what does not fit."""
    name = f"{path.parent.name}/{path.name}"
    native = run_child("native", path)
    complaints = [f"native: {native['raised']}"] if native["raised"] else []
    if path.parent.name == "healthy":
        bad = [record for record in native["records"] if record["step"] >= 0]
        if bad:
            complaints.append(f"bad: {bad}")
        return {"script": name, "code": None, "mode": modes(native)}, complaints
    first = min((r for r in native["records"] if r["step"] >= 0), key=lambda r: r["clock"], default=None)
    if first is None:
        return {"script": name}, [*complaints, f"nothing bad: {native['records']}"]
    lines = run_child("lines", path)
    if lines["raised"]:
        complaints.append(f"lines: {lines['raised']}")
    eager = lines["first"] or {}
    for key in ("step", "optimizer", "order"):
        if eager.get(key) != first[key]:
            complaints.append(f"eager differs: {eager}")
            break
    marked = [n for n, line in enumerate(path.read_text().splitlines(), 1) if MARK.search(line)]
    births = lines["births"]
    if len(marked) != 1 or marked[0] not in [line for _, _, line in births]:
        complaints.append(f"marked {marked}")
    if complaints or verbose:
        complaints.append(f"born: {births}; {native['seconds']} s")
    bad_now = [r for r in native["records"] if r["step"] == first["step"] and r["optimizer"] is None]
    holds = [first] if first["optimizer"] else bad_now
    counts = {variable: pair for record in holds for variable, pair in record["bad"].items()}
    entry = {
        "script": name,
        "code": "GC001" if any(nan for nan, _ in counts.values()) else "GC002",
        "step": first["step"],
        "optimizer": first["optimizer"],
        "order": first["order"],
        "variables": counts,
        "mode": "+".join(first["modes"]),
    }
    return entry, complaints


def modes(native: Facts) -> str:
    """How the optimizers were run."""
    return "+".join(sorted({mode for record in native["records"] for mode in record["modes"]}))


def run_child(mode: str, path: Path) -> Facts:
    """One run of a script."""
    command = [sys.executable, __file__, "--child", mode, str(path)]
    env = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, env=env)
    found = re.findall(r"^FACTS (.*)$", done.stderr, re.MULTILINE)
    if not found:
        return {"raised": done.stderr[-1500:], "records": [], "first": None, "births": [], "seconds": 0}
    read: Facts = json.loads(found[-1])
    return read


def child(mode: str, script: str) -> int:
    """Run the script here, with everything wrapped."""
    import time

    import tensorflow as tf

    watch_functions()
    watch_tapes()
    look = Eager(script) if mode == "lines" else None
    watch_optimizers(look)
    watch_variables(look)
    if look is not None:
        tf.config.run_functions_eagerly(True)
        look.start()
    sys.argv = [script]
    raised, start = "", time.process_time()
    try:
        runpy.run_path(script, run_name="__main__")
    except Reached:
        pass
    except SystemExit as ending:
        raised = f"exit {ending.code}" if ending.code else ""
    except BaseException as problem:
        raised = repr(problem)[:1500]
    said: Facts = {"raised": raised, "seconds": round(time.process_time() - start, 1)}
    if look is not None:
        look.on = False
        said |= {"first": look.first, "births": look.births()}
    else:
        said["records"] = [read_record(record) for record in RECORDS]
    print("FACTS", json.dumps(said), file=sys.stderr)  # noqa: T201
    sys.stderr.flush()
    os._exit(0)


def watch_functions() -> None:
    """Know whether XLA compiles what is being traced."""
    from tensorflow.python.eager.polymorphic_function import polymorphic_function

    plain = polymorphic_function.Function.__call__

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        XLA.append(bool(self._jit_compile))
        try:
            return plain(self, *args, **kwargs)
        finally:
            XLA.pop()

    polymorphic_function.Function.__call__ = call


def watch_optimizers(look: "Eager | None") -> None:
    """Wrap `apply`, of Keras's optimizers and of the one that scales losses."""
    import keras
    from keras.src.optimizers.base_optimizer import BaseOptimizer

    plain, plain_scaling = BaseOptimizer.apply, keras.optimizers.LossScaleOptimizer.apply

    def apply(self: Any, grads: Any, trainable_variables: Any = None) -> Any:
        grads = list(grads)
        variables = list(self._trainable_variables if trainable_variables is None else trainable_variables)
        STATE.inside += 1
        try:
            given = [(g, v) for g, v in zip(grads, variables, strict=True) if g is not None]
            observe(self, given, STATE.outer, look)
            return plain(self, grads, trainable_variables)
        finally:
            STATE.inside -= 1

    def apply_scaling(self: Any, grads: Any, trainable_variables: Any = None) -> Any:
        STATE.inside += 1
        STATE.outer = self
        try:
            result = plain_scaling(self, grads, trainable_variables)
            count_call(self.inner_optimizer)
            return result
        finally:
            STATE.inside -= 1
            STATE.outer = None

    BaseOptimizer.apply = apply
    keras.optimizers.LossScaleOptimizer.apply = apply_scaling


def watch_variables(look: "Eager | None") -> None:
    """Wrap the assignments that a script makes by hand to variables that are trained."""
    import keras
    import tensorflow as tf
    from tensorflow.python.ops.resource_variable_ops import ResourceVariable

    def wrap(owner: Any, name: str) -> None:
        plain = getattr(owner, name)

        def assign(self: Any, value: Any, *args: Any, **kwargs: Any) -> Any:
            by_hand = (
                getattr(self, "trainable", False) and not tf.distribute.has_strategy()
            )  # it updates in its own threads
            if STATE.inside or not by_hand:
                return plain(self, value, *args, **kwargs)
            STATE.inside += 1
            try:
                observe(self, [(value, self)], None, look)
                return plain(self, value, *args, **kwargs)
            finally:
                STATE.inside -= 1

        setattr(owner, name, assign)

    for owner in (ResourceVariable, keras.Variable):
        for name in ("assign", "assign_sub", "assign_add"):
            wrap(owner, name)


def observe(owner: Any, given: list[tuple[Any, Any]], outer: Any, look: "Eager | None") -> None:
    """Count what is not finite in gradients that `owner` is given."""
    import tensorflow as tf

    bad = tf.stack([counts(gradient) for gradient, _ in given])
    record = record_of(owner, given)
    mode = mode_now()
    if mode == "eager" and TAPES and look is None:
        mode = TAPES[-1]  # applied eagerly; what counts is where it was computed
    if mode not in record["modes"]:
        record["modes"].append(mode)
    if look is not None:
        look.update(record, bad, counted=outer is None)
    elif tf.distribute.has_strategy():
        tf.numpy_function(lambda step, seen: note_replica(record, step, seen), [owner.iterations.value, bad], [])
    else:
        note(record, bad, counted=outer is None)


def mode_now() -> str:
    """How this code is run."""
    import tensorflow as tf

    return "eager" if tf.executing_eagerly() else "xla" if any(XLA) else "graph"


def watch_tapes() -> None:
    """Note where gradients are computed."""
    import tensorflow as tf

    plain = tf.GradientTape.gradient

    def gradient(*args: Any, **kwargs: Any) -> Any:
        TAPES.append(mode_now())
        return plain(*args, **kwargs)

    tf.GradientTape.gradient = gradient


def counts(gradient: Any) -> Any:
    import tensorflow as tf

    values = tf.convert_to_tensor(gradient.values if isinstance(gradient, tf.IndexedSlices) else gradient)
    values = tf.reshape(tf.cast(values, tf.float32), [-1])
    nan, inf = tf.math.is_nan(values), tf.math.is_inf(values)
    return tf.stack([tf.math.count_nonzero(nan, dtype=tf.int32), tf.math.count_nonzero(inf, dtype=tf.int32)])


def record_of(owner: Any, given: list[tuple[Any, Any]]) -> Facts:
    """What is kept of an optimizer, or of a variable that is assigned to by hand; made at the first update."""
    import keras
    import tensorflow as tf

    for record in RECORDS:
        if record["owner"] is owner:
            return record
    is_optimizer = isinstance(owner, keras.optimizers.Optimizer)
    order = 1 + sum(record["optimizer"] is not None for record in RECORDS) if is_optimizer else None
    record = {"owner": owner, "optimizer": owner.name if is_optimizer else None, "order": order, "modes": [], "bad": {}}
    record["names"] = [getattr(v, "path", None) or v.name.removesuffix(":0") for _, v in given]
    record["clock"], record["step"], record["eager_count"] = -1, -1, 0
    with tf.init_scope():
        if not tf.distribute.has_strategy():
            numbers = ("count", "first", "at")
            record |= {key: tf.Variable(-1 if key != "count" else 0, trainable=False) for key in numbers}
            record["seen"] = tf.Variable(tf.zeros([len(given), 2], tf.int32), trainable=False)
            if not RECORDS:
                record["ticks"] = tf.Variable(0, trainable=False)
    RECORDS.append(record)
    return record


def note(record: Facts, bad: Any, counted: bool) -> None:
    """Keep the first bad update in variables."""
    import tensorflow as tf

    ticks = RECORDS[0]["ticks"]
    is_first = tf.logical_and(record["first"] < 0, tf.reduce_any(bad > 0))
    record["first"].assign(tf.where(is_first, record["count"], record["first"]))
    record["at"].assign(tf.where(is_first, ticks, record["at"]))
    record["seen"].assign(tf.where(is_first, bad, record["seen"]))
    ticks.assign_add(1)
    if counted:
        record["count"].assign_add(1)


def count_call(inner: Any) -> None:
    for record in RECORDS:
        if record["owner"] is inner:
            record["count"].assign_add(1)
            record["eager_count"] += 1


def note_replica(record: Facts, step: Any, seen: Any) -> None:
    """The same from one replica, in Python: the first bad step, and the bad variables of all replicas in it."""
    if seen.any() and (record["step"] < 0 or record["step"] == int(step)):
        record["step"] = record["clock"] = int(step)
        for name, pair in zip(record["names"], seen.tolist(), strict=True):
            if any(pair):
                old = record["bad"].get(name, [0, 0])
                record["bad"][name] = [old[0] + pair[0], old[1] + pair[1]]


def read_record(record: Facts) -> Facts:
    """As plain data."""
    said = {key: record[key] for key in ("optimizer", "order", "modes", "bad", "step", "clock")}
    if "count" in record:
        pairs = zip(record["names"], record["seen"].numpy().tolist(), strict=True)
        said |= {"step": int(record["first"]), "clock": int(record["at"]), "count": int(record["count"])}
        said["bad"] = {name: pair for name, pair in pairs if any(pair)}
    return said


class Eager:
    """Looks at every operation of the last updates, and at the line that it stands in."""

    def __init__(self, script: str) -> None:
        self.script = script
        self.on = True
        self.first: Facts | None = None
        self.segments: deque[list[Any]] = deque([[]], maxlen=24)
        self.lines: dict[str, list[tuple[set[int], int]]] = {}  # of forward operations, by type, with their tensors
        self.kept: deque[list[Any]] = deque([[]], maxlen=24)
        self.lock = threading.Lock()

    def start(self) -> None:
        import tensorflow as tf
        from tensorflow.python import pywrap_tfe
        from tensorflow.python.eager import backprop
        from tensorflow.python.framework import op_callbacks

        op_callbacks.add_op_callback(self.operation)
        plain = backprop._gradient_function

        def gradient_function(op: str, attrs: Any, n: int, inputs: Any, outputs: Any, given: Any, *rest: Any) -> Any:
            result = plain(op, attrs, n, inputs, outputs, given, *rest)
            back = result if isinstance(result, list | tuple) else [result]
            if self.on and all(finite(g) for g in given) and not all(finite(g) for g in back):
                forward = [t for t in (*(inputs or ()), *(outputs or ())) if t is not None]
                kind = "backward" if all(finite(t) for t in forward) else "backward of bad"
                self.segments[-1].append((kind, op, self.line_of(op, forward)))
            return result

        pywrap_tfe.TFE_Py_RegisterGradientFunction(gradient_function)
        for name in ("gradient", "jacobian"):
            self.wrap_tape(tf.GradientTape, name)
        if "tf.gradients(" in Path(self.script).read_text():
            stand_in_for_gradients()

    def wrap_tape(self, owner: Any, name: str) -> None:
        plain = getattr(owner, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            STATE.backward += 1
            try:
                return plain(*args, **kwargs)
            finally:
                STATE.backward -= 1

        setattr(owner, name, call)

    def operation(self, op: str, inputs: Any, attrs: Any, outputs: Any, op_name: Any = None, graph: Any = None) -> None:
        if not self.on or graph is not None or STATE.inside:
            return
        line = self.here()
        if not STATE.backward:
            ids = {t._id for t in (*inputs, *outputs) if hasattr(t, "_id")}
            self.lines.setdefault(op, []).append((ids, line))
            self.kept[-1].append((inputs, outputs))
        if not all(finite(t) for t in inputs):
            if not self.segments[-1]:
                self.segments[-1].append(("reads", op, line))  # the batch itself is bad
        elif not all(finite(t) for t in outputs):
            self.segments[-1].append(("in backward" if STATE.backward else "forward", op, line))

    def line_of(self, op: str, tensors: list[Any]) -> int:
        """Of the latest forward operation that has all these tensors."""
        ids = {t._id for t in tensors if hasattr(t, "_id")}
        return next((line for seen, line in reversed(self.lines.get(op, [])) if ids <= seen), -1)

    def here(self) -> int:
        frame = sys._getframe(2)
        while frame is not None:
            if frame.f_code.co_filename == self.script:
                return frame.f_lineno
            frame = frame.f_back  # type: ignore[assignment]
        return -1

    def update(self, record: Facts, bad: Any, counted: bool) -> None:
        with self.lock:
            seen = bad.numpy()
            if seen.any():
                step = (
                    record["eager_count"] if "count" in record else int(read(record["owner"].iterations))
                )  # under a strategy
                self.first = {key: record[key] for key in ("optimizer", "order")} | {"step": step}
                self.on = False
                raise Reached
            record["eager_count"] += counted
            self.segments.append([])
            self.kept.append([])

    def births(self) -> list[Any]:
        """The latest updates last, each place once."""
        found: dict[Any, None] = {}
        for segment in list(self.segments):
            found |= dict.fromkeys(segment)
        return [list(birth) for birth in found]


def read(variable: Any) -> Any:
    """Its value, in a replica too."""
    import tensorflow as tf

    return tf.convert_to_tensor(variable.value).numpy()


def stand_in_for_gradients() -> None:
    """`tf.gradients` by a tape that is always open, since it works in graphs alone."""
    import tensorflow as tf

    open_tapes = [tf.GradientTape()]
    open_tapes[0].__enter__()

    def gradients(ys: Any, xs: Any) -> Any:
        tape = open_tapes.pop()
        tape.__exit__(None, None, None)
        found = tape.gradient(ys, xs)
        open_tapes.append(tf.GradientTape())
        open_tapes[0].__enter__()
        return found

    tf.gradients = gradients


def finite(tensor: Any) -> bool:
    """Whether it is, or holds no floats."""
    import numpy as np

    tensor = getattr(tensor, "values", tensor)
    if not hasattr(tensor, "numpy") or not tensor.dtype.is_floating:  # symbolic in tape.jacobian
        return True
    return bool(np.isfinite(tensor.numpy().astype(np.float64)).all())


if __name__ == "__main__":
    sys.exit(main())
