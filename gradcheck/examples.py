"""A tiny function for each code that has it, and its cure; of the codes of training runs alone, a tiny script.

In: nothing. Out: Python texts, each of which makes a function `f`, or trains something; a test runs them all.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """A function, or a script, that has a code, and one that has none.

    Attributes:
        fails: the code of the first.
        cure: the code of the second.
        options: with which the command is run on both.
        watched: whether they are scripts, for `gradcheck watch`; else functions, for `gradcheck scan`.
    """

    fails: str
    cure: str
    options: str
    watched: bool = False


EXAMPLES: Mapping[str, Example] = {
    "GC001": Example(
        """\
def f(z):  # the branch that is not taken sends back 0 * inf
    return tf.where(z > 30.0, z, tf.math.log(tf.exp(z) + 1.0))
""",
        """\
def f(z):  # what the branch does not take never reaches it
    safe = tf.where(z > 30.0, 0.0, z)
    return tf.where(z > 30.0, z, tf.math.log(tf.exp(safe) + 1.0))
""",
        "--range 0:100",
    ),
    "GC002": Example(
        """\
def f(x):  # the slope of a root at 0 is infinite
    return tf.sqrt(x)
""",
        """\
def f(x):  # it never gets there
    return tf.sqrt(x + 1e-12)
""",
        "--range 0:1",
    ),
    "GC003": Example(
        """\
def f(z):  # backward, 1 / (exp(z) + 1) is too small and becomes 0
    return tf.math.log(tf.exp(z) + 1.0)
""",
        """\
def f(z):  # the library's stable form
    return tf.math.softplus(z)
""",
        "--range 87.5:88.5",
    ),
    "GC004": Example(
        """\
def f(x):  # two slopes that are almost the same are subtracted
    return tf.sqrt(x + 1.0) - tf.sqrt(x)
""",
        """\
def f(x):  # the same number without a difference
    return 1.0 / (tf.sqrt(x + 1.0) + tf.sqrt(x))
""",
        "--range 1e5:1e6",
    ),
    "GC005": Example(
        """\
@tf.custom_gradient
def f(x):  # the derivative of x * x is 2 * x
    return x * x, lambda dy: dy * x
""",
        """\
@tf.custom_gradient
def f(x):
    return x * x, lambda dy: dy * 2.0 * x
""",
        "--range 1:2",
    ),
    "GC006": Example(
        """\
def f(x):  # the sum overflows, half of it would not
    return (x + tf.abs(x)) / 2.0
""",
        """\
def f(x):
    return tf.nn.relu(x)
""",
        "--range 1e38:3e38",
    ),
    "GC007": Example(
        """\
def f(x):  # 0 * NaN is 0 in graph mode here, and NaN under XLA
    return tf.where(x > 0.0, tf.sqrt(x), 0.0)
""",
        """\
def f(x):
    safe = tf.where(x > 0.0, x, 1.0)
    return tf.where(x > 0.0, tf.sqrt(safe), 0.0)
""",
        "--range=-2:-1 --mode graph --mode xla",
    ),
    "GC008": Example(
        """\
def f(x):  # a comparison has no gradient
    return tf.cast(x > 0.0, tf.float32)
""",
        """\
def f(x):  # a soft step has one
    return tf.sigmoid(8.0 * x)
""",
        "--range=-1:1",
    ),
    "GC009": Example(
        """\
@tf.custom_gradient
def f(x):  # one input, two gradients
    return x * x, lambda dy: (dy, dy)
""",
        """\
@tf.custom_gradient
def f(x):
    return x * x, lambda dy: dy * 2.0 * x
""",
        "--range 1:2",
    ),
    "GC010": Example(
        """\
w, optimizer = tf.Variable(1.0), tf.keras.optimizers.SGD(0.001)
for step in range(60):
    scale = 1000.0 if step == 50 else 1.0  # one batch in other units
    with tf.GradientTape() as tape:
        loss = tf.square(scale * w)
    optimizer.apply(tape.gradient(loss, [w]), [w])
""",
        """\
w = tf.Variable(1.0)
optimizer = tf.keras.optimizers.SGD(0.001)
for step in range(60):  # every batch in the same units
    with tf.GradientTape() as tape:
        loss = tf.square(w)
    optimizer.apply(tape.gradient(loss, [w]), [w])
""",
        "--exploding 100",
        watched=True,
    ),
    "GC011": Example(
        """\
w, b = tf.Variable(1.0), tf.Variable(0.0)
optimizer = tf.keras.optimizers.SGD(0.1)
for step in range(3):
    with tf.GradientTape() as tape:
        loss = tf.square(2.0 * w + b - 1.0)
    optimizer.apply(tape.gradient(loss, [w]), [w])  # b is forgotten
""",
        """\
w, b = tf.Variable(1.0), tf.Variable(0.0)
optimizer = tf.keras.optimizers.SGD(0.1)
for step in range(3):
    with tf.GradientTape() as tape:
        loss = tf.square(2.0 * w + b - 1.0)
    optimizer.apply(tape.gradient(loss, [w, b]), [w, b])
""",
        "--untrained",
        watched=True,
    ),
    "GC012": Example(
        """\
w, b = tf.Variable(1.0), tf.Variable(0.0)
first, second = (tf.keras.optimizers.SGD(0.1) for _ in range(2))
for step in range(3):
    with tf.GradientTape() as tape:
        loss = tf.square(2.0 * w + b - 1.0)
    dw, db = tape.gradient(loss, [w, b])
    first.apply([dw, db], [w, b])
    second.apply([db], [b])  # b again
""",
        """\
w, b = tf.Variable(1.0), tf.Variable(0.0)
first, second = (tf.keras.optimizers.SGD(0.1) for _ in range(2))
for step in range(3):
    with tf.GradientTape() as tape:
        loss = tf.square(2.0 * w + b - 1.0)
    dw, db = tape.gradient(loss, [w, b])
    first.apply([dw], [w])
    second.apply([db], [b])
""",
        "--untrained",
        watched=True,
    ),
}
