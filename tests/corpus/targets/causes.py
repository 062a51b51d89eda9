"""Bad gradients, each with the line that is guilty of it.

One operation a line; `# cause: NAME` ends the line that the case NAME of `causes.json` is about. Where two lines are
equally right, both bear the name.
"""

import helpers  # type: ignore[import-not-found]
import tensorflow as tf

# Overflow: a forward operation is infinite, and the chain rule multiplies it by 0.


def softplus(x: tf.Tensor) -> tf.Tensor:
    e = tf.exp(x)  # cause: softplus_nan, where_softplus, stop_gradient
    shifted = e + 1.0
    return tf.math.log(shifted)  # cause: softplus_vanished


def where_softplus(x: tf.Tensor) -> tf.Tensor:
    return tf.where(x > 30.0, x, softplus(x))


def log1p_exp(x: tf.Tensor) -> tf.Tensor:
    e = tf.exp(x)  # cause: log1p_exp
    return tf.math.log1p(e)


def quotient_of_exps(x: tf.Tensor) -> tf.Tensor:
    e = tf.exp(x)  # cause: quotient_of_exps
    below = 1.0 + e
    return e / below


def logistic(x: tf.Tensor) -> tf.Tensor:
    e = tf.exp(-x)  # cause: logistic_nan
    below = 1.0 + e
    return 1.0 / below  # cause: logistic_vanished


def product_of_exps(x: tf.Tensor) -> tf.Tensor:
    growing = tf.exp(x)  # cause: product_right
    shrinking = tf.exp(-x)  # cause: product_left
    return growing * shrinking


def difference_of_logs(x: tf.Tensor) -> tf.Tensor:
    e = tf.exp(x)  # cause: difference_right, difference_left
    upper = tf.math.log(e + 1.0)
    lower = tf.math.log(e)  # cause: difference_left
    return upper - lower


def second_exp(x: tf.Tensor) -> tf.Tensor:
    inner = tf.exp(x)
    outer = tf.exp(inner)  # cause: second_exp
    return tf.math.log(outer)


def log_cosh(x: tf.Tensor) -> tf.Tensor:
    c = tf.cosh(x)  # cause: log_cosh_nan
    return tf.math.log(c)  # cause: log_cosh_vanished


def root_of_square(x: tf.Tensor) -> tf.Tensor:
    squared = x * x  # cause: root_of_square_vanished, root_of_square_inf
    return tf.sqrt(squared)  # cause: root_of_square_inf, root_of_square_nan


def log_of_square(x: tf.Tensor) -> tf.Tensor:
    squared = tf.square(x)  # cause: log_of_square
    shifted = squared + 1.0
    return tf.math.log(shifted)


def asinh(x: tf.Tensor) -> tf.Tensor:
    squared = x * x  # cause: asinh_vanished
    root = tf.sqrt(squared + 1.0)
    total = x + root  # cause: asinh_inaccurate
    return tf.math.log(total)  # cause: asinh_nan


def minimum_of_exp(x: tf.Tensor) -> tf.Tensor:
    e = tf.exp(x)  # cause: minimum_of_exp
    return tf.minimum(e, 10.0)


# Underflow and saturation.


def log_of_sigmoid(x: tf.Tensor) -> tf.Tensor:
    p = tf.sigmoid(x)  # cause: log_of_sigmoid
    return tf.math.log(p)  # cause: log_of_sigmoid


def log_of_rest(x: tf.Tensor) -> tf.Tensor:
    p = tf.sigmoid(x)
    rest = 1.0 - p
    return tf.math.log(rest)  # cause: log_of_rest


def entropy(x: tf.Tensor) -> tf.Tensor:
    p = tf.sigmoid(x)  # cause: entropy
    information = tf.math.log(p)  # cause: entropy
    return -p * information


def focal_weight(x: tf.Tensor) -> tf.Tensor:
    p = tf.sigmoid(x)
    rest = 1.0 - p
    weight = rest**0.5  # cause: focal_weight
    return 0.25 * weight


def root_of_exp(x: tf.Tensor) -> tf.Tensor:
    e = tf.exp(x)  # cause: root_of_exp
    return tf.sqrt(e)  # cause: root_of_exp


def log_of_bell(x: tf.Tensor) -> tf.Tensor:
    exponent = -0.5 * tf.square(x)
    bell = tf.exp(exponent)  # cause: log_of_bell
    return tf.math.log(bell)  # cause: log_of_bell


def ratio_of_decays(x: tf.Tensor) -> tf.Tensor:
    slow = tf.exp(-x)  # cause: ratio_of_decays
    fast = tf.exp(-2.0 * x)
    total = slow + fast
    return slow / total  # cause: ratio_of_decays


def atanh_of_tanh(x: tf.Tensor) -> tf.Tensor:
    y = tf.tanh(x)
    return tf.atanh(y)  # cause: atanh_of_tanh


# Where the derivative has a pole, or a formula has one that the derivative has not.


def square_root(x: tf.Tensor) -> tf.Tensor:
    root = tf.sqrt(x)  # cause: square_root
    return 2.0 * root


def power_of_half(x: tf.Tensor) -> tf.Tensor:
    root = x**0.5  # cause: power_of_half
    return 2.0 * root


def reciprocal(x: tf.Tensor) -> tf.Tensor:
    inverse = 1.0 / x  # cause: reciprocal
    return inverse + 1.0


def reciprocal_root(x: tf.Tensor) -> tf.Tensor:
    inverse = tf.math.rsqrt(x)  # cause: reciprocal_root
    return 2.0 * inverse


def reciprocal_call(x: tf.Tensor) -> tf.Tensor:
    inverse = tf.math.reciprocal(x)  # cause: reciprocal_call
    return inverse + 1.0


def arctan_of_reciprocal(x: tf.Tensor) -> tf.Tensor:
    inverse = tf.math.reciprocal(x)
    return tf.atan(inverse)  # cause: arctan_of_reciprocal


def arc_cosine(x: tf.Tensor) -> tf.Tensor:
    bounded = tf.clip_by_value(x, -1.0, 1.0)
    angle = tf.acos(bounded)  # cause: arc_cosine
    return 2.0 * angle


def arc_sine(x: tf.Tensor) -> tf.Tensor:
    half = 0.5 * x
    angle = tf.asin(half)  # cause: arc_sine
    return angle + 1.0


def cube_root(x: tf.Tensor) -> tf.Tensor:
    size = tf.abs(x)
    root = size ** (1.0 / 3.0)  # cause: cube_root
    return tf.sign(x) * root


def polar_angle(x: tf.Tensor) -> tf.Tensor:
    offset = 1e-25 * tf.ones_like(x)
    return tf.atan2(x, offset)  # cause: polar_angle


def norm(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    xx = tf.square(x)
    yy = tf.square(y)
    squared = xx + yy
    return tf.sqrt(squared)  # cause: norm


def unit_vector(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    squared = x * x + y * y
    length = tf.sqrt(squared)
    first = x / length  # cause: unit_vector
    return tf.where(squared > 0.0, first, 0.0)


def spread(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    mean = 0.5 * (x + y)
    left = tf.square(x - mean)
    right = tf.square(y - mean)
    variance = 0.5 * (left + right)
    return tf.sqrt(variance)  # cause: spread


def angle_of_dip(t: tf.Tensor) -> tf.Tensor:
    dip = t * t
    cosine = 1.0 - dip  # cause: angle_inaccurate
    return tf.acos(cosine)  # cause: angle_inf, angle_inaccurate


# The where trap: the branch that is not taken is differentiated too.


def where_log(x: tf.Tensor) -> tf.Tensor:
    logarithm = tf.math.log(x)  # cause: where_log
    line = x - 1.0
    return tf.where(x > 1.0, logarithm, line)


def where_root(x: tf.Tensor) -> tf.Tensor:
    root = tf.sqrt(x)  # cause: where_root_negative
    inverse = 1.0 / root  # cause: where_root_zero
    line = 1.5 - 0.5 * x
    return tf.where(x > 1.0, inverse, line)


def where_power(x: tf.Tensor) -> tf.Tensor:
    root = x**0.5  # cause: where_power
    line = 0.5 * x + 0.5
    return tf.where(x > 1.0, root, line)


def where_exp(x: tf.Tensor) -> tf.Tensor:
    e = tf.exp(x)  # cause: where_exp
    below = e - 1.0
    return tf.where(x < 0.0, below, x)


def where_ratio(x: tf.Tensor) -> tf.Tensor:
    s = tf.sin(x)
    ratio = s / x  # cause: where_ratio
    return tf.where(tf.not_equal(x, 0.0), ratio, 1.0)


def where_acos(x: tf.Tensor) -> tf.Tensor:
    angle = tf.acos(x)  # cause: where_acos
    inside = tf.abs(x) < 0.5
    return tf.where(inside, angle, 1.5 - x)


def where_atanh(x: tf.Tensor) -> tf.Tensor:
    y = tf.atanh(x)  # cause: where_atanh
    inside = tf.abs(x) < 0.5
    return tf.where(inside, y, x)


def where_acosh(x: tf.Tensor) -> tf.Tensor:
    y = tf.acosh(x)  # cause: where_acosh
    return tf.where(x > 2.0, y, 0.5 * x)


def where_log1p(x: tf.Tensor) -> tf.Tensor:
    y = tf.math.log1p(x)  # cause: where_log1p
    return tf.where(x > -0.5, y, x)


def where_divisor(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    quotient = x / y  # cause: where_divisor
    return tf.where(tf.abs(y) > 1.0, quotient, x * y)


def where_square(x: tf.Tensor) -> tf.Tensor:
    size = tf.abs(x)
    squared = tf.square(x)  # cause: where_square
    near = 0.5 * squared
    return tf.where(size <= 1.0, near, size - 0.5)


def where_in_where(x: tf.Tensor) -> tf.Tensor:
    safe = tf.where(x > 0.0, x, 1.0)
    guarded = tf.math.log(safe)
    naked = tf.math.log(x)  # cause: where_in_where
    inner = tf.where(x > 2.0, naked, guarded)
    return tf.where(x > 1.0, inner, x - 1.0)


# Decoys: something else is infinite, or of the same kind, and does no harm.


def stop_gradient(x: tf.Tensor) -> tf.Tensor:
    healthy = tf.exp(-tf.abs(x))
    harmless = tf.exp(tf.stop_gradient(x))
    clipped = tf.minimum(harmless, 5.0)
    return softplus(x) + clipped * healthy


def comparison(x: tf.Tensor) -> tf.Tensor:
    peak = tf.exp(x)
    factor = tf.where(peak > 5.0, 1.0, 2.0)
    distance = tf.abs(x - 100.0)
    root = tf.sqrt(distance)  # cause: comparison
    return factor * root


def second_of_two_roots(x: tf.Tensor) -> tf.Tensor:
    first = tf.sqrt(tf.square(x) + 1.0)
    gap = tf.square(x - 3.0)
    second = tf.sqrt(gap)  # cause: second_of_two_roots
    return first + second


def both_logs(x: tf.Tensor) -> tf.Tensor:
    p = tf.sigmoid(x)
    healthy = tf.math.log(p + 0.5)
    rest = 1.0 - p
    guilty = tf.math.log(rest)  # cause: both_logs
    return healthy + guilty


# Cancellation: finite and far off.


def one_minus_cosine(x: tf.Tensor) -> tf.Tensor:
    cosine = tf.cos(x)  # cause: one_minus_cosine
    rest = 1.0 - cosine  # cause: one_minus_cosine
    squared = x * x
    return rest / squared  # cause: one_minus_cosine


def log_of_small_rest(x: tf.Tensor) -> tf.Tensor:
    e = tf.exp(-x)
    p = 1.0 / (1.0 + e)
    rest = 1.0 - p  # cause: log_of_small_rest
    return tf.math.log(rest)


def log_one_minus_exp(x: tf.Tensor) -> tf.Tensor:
    e = tf.exp(-x)
    rest = 1.0 - e  # cause: log1mexp_inaccurate
    return tf.math.log(rest)  # cause: log1mexp_inf


def logit_of_logistic(x: tf.Tensor) -> tf.Tensor:
    e = tf.exp(-x)
    p = 1.0 / (1.0 + e)
    rest = 1.0 - p  # cause: logit_of_logistic
    return tf.math.log(p) - tf.math.log(rest)


def sine_by_cosine(x: tf.Tensor) -> tf.Tensor:
    cosine = tf.cos(x)
    rest = 1.0 - cosine * cosine  # cause: sine_by_cosine
    return tf.sqrt(rest)


def shortcut_variance(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    mean = 0.5 * (x + y)
    mean_of_squares = 0.5 * (x * x + y * y)
    variance = mean_of_squares - mean * mean  # cause: shortcut_variance
    return tf.sqrt(variance)


# Nested functions, lambdas, other modules, tf.function, tf.cond.


def through_a_helper(x: tf.Tensor) -> tf.Tensor:
    doubled = 2.0 * x
    return helpers.textbook_softplus(doubled)


def root_in_a_helper(x: tf.Tensor) -> tf.Tensor:
    shifted = x - 2.0
    return helpers.root(shifted)


def ratio_in_a_helper(x: tf.Tensor) -> tf.Tensor:
    ratio = helpers.ratio(x, tf.abs(x))
    return tf.where(tf.abs(x) > 1.0, ratio, x)


def called_back(x: tf.Tensor) -> tf.Tensor:
    def grow(v: tf.Tensor) -> tf.Tensor:
        e = tf.exp(v)  # cause: called_back
        return tf.math.log1p(e)

    return helpers.apply_twice(grow, x)


ROOTS = {
    "square": lambda v: tf.sqrt(v),  # cause: root_in_a_lambda
    "none": lambda v: v,
}


def root_in_a_lambda(x: tf.Tensor) -> tf.Tensor:
    shifted = 4.0 - x
    return ROOTS["square"](shifted)


def in_a_loop(x: tf.Tensor) -> tf.Tensor:
    total = tf.zeros_like(x)
    for scale in (0.5, 1.0, 2.0):
        e = tf.exp(scale * x)  # cause: in_a_loop
        total += tf.math.log(e + 1.0)
    return total


@tf.function
def inner_log(x: tf.Tensor) -> tf.Tensor:
    e = tf.exp(x)  # cause: through_a_tf_function
    return tf.math.log(1.0 + e)


def through_a_tf_function(x: tf.Tensor) -> tf.Tensor:
    half = 0.5 * x
    return inner_log(half)


def in_a_cond(x: tf.Tensor) -> tf.Tensor:
    def large() -> tf.Tensor:
        e = tf.exp(x)  # cause: in_a_cond
        return tf.math.log(e + 1.0)

    return tf.cond(x > 20.0, large, lambda: 0.5 * x)


def in_an_else(x: tf.Tensor) -> tf.Tensor:
    def small() -> tf.Tensor:
        gap = 1.0 - x
        return tf.sqrt(gap)  # cause: in_an_else

    return tf.cond(x > 1.0, lambda: x - 1.0, small)
