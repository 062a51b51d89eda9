"""Losses written by hand; `# cause: NAME` ends the line that the target NAME of `tensors.json` fails at."""

import tensorflow as tf


def rmse(y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
    """Root of a mean square: no derivative where all errors are 0."""
    mean = tf.reduce_mean(tf.square(y_pred - y_true))
    return tf.sqrt(mean)  # cause: rmse


def rmsle(y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
    """Root mean square error of logarithms."""
    error = tf.math.log1p(y_pred) - tf.math.log1p(y_true)
    mean = tf.reduce_mean(tf.square(error))
    return tf.sqrt(mean)  # cause: rmsle


@tf.function(
    input_signature=[
        tf.TensorSpec([4, 3], tf.float32, name="logits"),
        tf.TensorSpec([4, 3], tf.float32, name="labels"),
    ]
)
def cross_entropy(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """The cross entropy of the first TensorFlow tutorial: 0 * log(0)."""
    p = tf.nn.softmax(logits)
    log_p = tf.math.log(p)  # cause: cross_entropy
    return -tf.reduce_sum(labels * log_p)


def cross_entropy_clipped(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Clipping: no NaN, but no gradient either for what is badly wrong, as the clipped function has none."""
    p = tf.nn.softmax(logits)
    clipped = tf.clip_by_value(p, 1e-10, 1.0)
    return -tf.reduce_sum(labels * tf.math.log(clipped))


def cross_entropy_where(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """tf.where hides the NaN of the value, not that of the gradient."""
    p = tf.nn.softmax(logits)
    terms = labels * tf.math.log(p)  # cause: cross_entropy_where
    return -tf.reduce_sum(tf.where(labels > 0.0, terms, tf.zeros_like(terms)))


def softmax_by_hand(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """The exponentials are not shifted."""
    e = tf.exp(logits)  # cause: softmax_by_hand
    p = e / tf.reduce_sum(e, axis=-1, keepdims=True)
    return tf.reduce_mean(tf.square(p - labels))


def softmax_clipped_numerator(logits: tf.Tensor) -> tf.Tensor:
    """The numerator is clipped, the denominator is not."""
    upper = tf.exp(tf.minimum(logits, 80.0))
    lower = tf.reduce_sum(tf.exp(logits), axis=-1, keepdims=True)  # cause: softmax_clipped_numerator
    return upper / lower


def binary_cross_entropy(y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
    """0 * log(0) for a prediction that is right."""
    positive = y_true * tf.math.log(y_pred)  # cause: binary_cross_entropy
    negative = (1.0 - y_true) * tf.math.log(1.0 - y_pred)  # cause: binary_cross_entropy
    return -tf.reduce_mean(positive + negative)


def binary_cross_entropy_logits(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """The logarithm of a sigmoid that has rounded to 0 or to 1, behind a tf.where."""
    p = tf.sigmoid(logits)
    positive = tf.math.log(p)  # cause: binary_cross_entropy_logits
    negative = tf.math.log(1.0 - p)  # cause: binary_cross_entropy_logits
    return -tf.reduce_mean(tf.where(labels, positive, negative))


def kl_divergence(p: tf.Tensor, q: tf.Tensor) -> tf.Tensor:
    """A probability of 0 makes 0 * log(0)."""
    ratio = tf.math.log(p / q)  # cause: kl_divergence
    return tf.reduce_sum(p * ratio)


def kl_divergence_where(p: tf.Tensor, q: tf.Tensor) -> tf.Tensor:
    """The 0 * log(0) is masked in the value only."""
    ratio = p / q
    terms = p * tf.math.log(ratio)  # cause: kl_divergence_where
    return tf.reduce_sum(tf.where(p > 0.0, terms, tf.zeros_like(terms)))


def entropy(p: tf.Tensor) -> tf.Tensor:
    """The entropy of a one-hot distribution."""
    log_p = tf.math.log(p)  # cause: entropy
    return -tf.reduce_sum(p * log_p)


def policy_entropy(logits: tf.Tensor) -> tf.Tensor:
    """The entropy bonus of a policy that has become deterministic."""
    p = tf.nn.softmax(logits)
    log_p = tf.math.log(p)  # cause: policy_entropy
    return -tf.reduce_mean(tf.reduce_sum(p * log_p, axis=-1))


def focal_loss(logits: tf.Tensor) -> tf.Tensor:
    """Gamma is 0.5: the power has no derivative at 0, where an example is perfect."""
    p = tf.sigmoid(logits)
    weight = tf.pow(1.0 - p, 0.5)  # cause: focal_loss
    return tf.reduce_mean(weight * tf.nn.softplus(-logits))


def dice_loss(mask: tf.Tensor, p: tf.Tensor) -> tf.Tensor:
    """No smoothing: 0 / 0 where mask and prediction are empty."""
    both = 2.0 * tf.reduce_sum(mask * p)
    area = tf.reduce_sum(mask) + tf.reduce_sum(p)
    return 1.0 - both / area  # cause: dice_loss


def dice_loss_where(mask: tf.Tensor, p: tf.Tensor) -> tf.Tensor:
    """The 0 / 0 of empty masks is replaced in the value."""
    weight = tf.cast(mask, p.dtype)
    both = 2.0 * tf.reduce_sum(weight * p, axis=-1)
    area = tf.reduce_sum(weight, axis=-1) + tf.reduce_sum(p, axis=-1)
    score = both / area  # cause: dice_loss_where
    return tf.reduce_mean(tf.where(area > 0.0, score, tf.zeros_like(score)))


def iou_loss(mask: tf.Tensor, p: tf.Tensor) -> tf.Tensor:
    """Intersection over union of nothing."""
    both = tf.reduce_sum(mask * p, axis=-1)
    union = tf.reduce_sum(mask + p, axis=-1) - both
    return tf.reduce_mean(1.0 - both / union)  # cause: iou_loss


def focal_tversky(mask: tf.Tensor, p: tf.Tensor) -> tf.Tensor:
    """A power of 0.75 of what a perfect prediction makes 0."""
    hit = tf.reduce_sum(mask * p, axis=-1)
    missed = tf.reduce_sum(mask * (1.0 - p), axis=-1)
    wrong = tf.reduce_sum((1.0 - mask) * p, axis=-1)
    index = (hit + 1.0) / (hit + 0.7 * missed + 0.3 * wrong + 1.0)
    return tf.reduce_mean(tf.pow(1.0 - index, 0.75))  # cause: focal_tversky


def pseudo_huber(y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
    """The square of a large error overflows, and its gradient vanishes."""
    squared = tf.square(y_pred - y_true)  # cause: pseudo_huber
    root = tf.sqrt(1.0 + squared)  # cause: pseudo_huber
    return tf.reduce_sum(root - 1.0)


def charbonnier(y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
    """The Charbonnier loss without its epsilon."""
    error = y_pred - y_true
    return tf.reduce_mean(tf.sqrt(error * error))  # cause: charbonnier


def log_cosh_loss(y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
    """cosh overflows at 89.5."""
    c = tf.cosh(y_pred - y_true)  # cause: log_cosh_loss
    return tf.reduce_mean(tf.math.log(c))


def poisson_loss(count: tf.Tensor, rate: tf.Tensor) -> tf.Tensor:
    """0 * log(0) for a count of 0 and a rate of 0."""
    log_rate = tf.math.log(rate)  # cause: poisson_loss
    return tf.reduce_mean(rate - count * log_rate)


def triplet_loss(anchor: tf.Tensor, positive: tf.Tensor, negative: tf.Tensor) -> tf.Tensor:
    """Distances with roots; an anchor that is its own positive has none."""
    near = tf.sqrt(tf.reduce_sum(tf.square(anchor - positive), axis=-1))  # cause: triplet_loss
    far = tf.sqrt(tf.reduce_sum(tf.square(anchor - negative), axis=-1))  # cause: triplet_loss
    return tf.reduce_mean(tf.maximum(near - far + 0.5, 0.0))


@tf.function(
    input_signature=[
        {
            "anchor": tf.TensorSpec([2, 3], tf.float32),
            "positive": tf.TensorSpec([2, 3], tf.float32),
            "same": tf.TensorSpec([2], tf.bool),
        }
    ]
)
def contrastive_loss(pair: dict[str, tf.Tensor]) -> tf.Tensor:
    """The square of a distance which was a root; a dictionary of inputs."""
    squared = tf.reduce_sum(tf.square(pair["anchor"] - pair["positive"]), axis=-1)
    distance = tf.sqrt(squared)  # cause: contrastive_loss
    pull = tf.square(distance)
    push = tf.square(tf.maximum(1.0 - distance, 0.0))
    return tf.reduce_mean(tf.where(pair["same"], pull, push))


def nt_xent(z: tf.Tensor) -> tf.Tensor:
    """Contrastive loss with a temperature of 0.01: exp(100) overflows."""
    unit = tf.math.l2_normalize(z, axis=-1)
    scores = tf.exp(tf.matmul(unit, unit, transpose_b=True) / 0.01)  # cause: nt_xent
    positive = tf.linalg.diag_part(scores)
    return -tf.reduce_mean(tf.math.log(positive / tf.reduce_sum(scores, axis=-1)))


def info_nce(z: tf.Tensor) -> tf.Tensor:
    """Embeddings are divided by their norm, which may be 0."""
    unit = z / tf.norm(z, axis=-1, keepdims=True)  # cause: info_nce
    scores = tf.matmul(unit, unit, transpose_b=True)
    labels = tf.range(tf.shape(z)[0])
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=scores))


def arc_face(x: tf.Tensor, w: tf.Tensor) -> tf.Tensor:
    """The angular margin: acos of a cosine of 1."""
    cosine = tf.reduce_sum(tf.math.l2_normalize(x, axis=-1) * tf.math.l2_normalize(w, axis=-1), axis=-1)
    angle = tf.acos(cosine)  # cause: arc_face
    return tf.reduce_mean(1.0 - tf.cos(angle + 0.5))


def arc_face_sine(cosine: tf.Tensor) -> tf.Tensor:
    """The sine from a clipped cosine: sqrt(0)."""
    clipped = tf.clip_by_value(cosine, -1.0, 1.0)
    sine = tf.sqrt(1.0 - tf.square(clipped))  # cause: arc_face_sine
    return tf.reduce_sum(clipped * 0.8775826 - sine * 0.4794255)


def distillation(teacher: tf.Tensor, student: tf.Tensor) -> tf.Tensor:
    """The divergence of two softmaxes, as a quotient that becomes 0 / 0."""
    p = tf.nn.softmax(teacher)
    q = tf.nn.softmax(student)
    ratio = p / q  # cause: distillation
    return tf.reduce_sum(p * tf.math.log(ratio + 1e-10))


def si_sdr(reference: tf.Tensor, estimate: tf.Tensor) -> tf.Tensor:
    """The signal-to-distortion ratio, with the target's energy as a divisor: 0 for silence."""
    dot = tf.reduce_sum(reference * estimate, axis=-1, keepdims=True)
    energy = tf.reduce_sum(tf.square(reference), axis=-1, keepdims=True)
    scale = dot / energy  # cause: si_sdr
    signal = tf.reduce_sum(tf.square(scale * reference), axis=-1)
    noise = tf.reduce_sum(tf.square(estimate - scale * reference), axis=-1)
    return -tf.reduce_mean(tf.math.log(signal + 1e-8) - tf.math.log(noise + 1e-8))


def explained_variance(y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
    """Explained variance: the variance of constant labels divides."""
    residual = tf.reduce_sum(tf.square(y_true - y_pred))
    total = tf.reduce_sum(tf.square(y_true - tf.reduce_mean(y_true)))
    return residual / total  # cause: explained_variance


def make_weighted_rmse() -> tf.types.experimental.GenericFunction:
    """A loss from a factory; the weights are constants of its graph."""
    weights = tf.constant([0.5, 0.25, 0.25])

    @tf.function(input_signature=[tf.TensorSpec([2, 3]), tf.TensorSpec([2, 3])])
    def loss(y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
        squares = weights * tf.square(y_true - y_pred)
        return tf.reduce_mean(tf.sqrt(tf.reduce_sum(squares, axis=-1)))  # cause: make_weighted_rmse

    return loss


def picked_log_softmax(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Integer labels; the log of a gathered probability that underflows."""
    p = tf.nn.softmax(logits)
    picked = tf.gather(p, labels, batch_dims=1)
    return -tf.reduce_mean(tf.math.log(picked))  # cause: picked_log_softmax
