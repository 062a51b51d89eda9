"""Attention, masks and sampling; `# cause: NAME` ends the line that the target NAME fails at."""

import tensorflow as tf


def masked_softmax(scores: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """-inf for what is masked: NaN for a row of which nothing is left."""
    bias = tf.where(mask, tf.zeros_like(scores), float("-inf"))
    return tf.nn.softmax(scores + bias)  # cause: masked_softmax


def masked_softmax_where(scores: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """The NaN of a fully masked row is replaced behind the softmax."""
    bias = tf.where(mask, tf.zeros_like(scores), float("-inf"))
    weights = tf.nn.softmax(scores + bias)  # cause: masked_softmax_where
    some = tf.reduce_any(mask, axis=-1, keepdims=True)
    return tf.square(tf.where(some, weights, tf.zeros_like(weights)))


def infinity_mask(scores: tf.Tensor) -> tf.Tensor:
    """Scores are multiplied by a mask of -inf; the gradient is multiplied by it too."""
    mask = tf.constant([1.0, float("-inf"), 1.0], scores.dtype)
    masked = scores * mask  # cause: infinity_mask
    return tf.square(tf.nn.softmax(masked))


def exp_attention(q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) -> tf.Tensor:
    """Scores are exponentiated without a shift."""
    e = tf.exp(tf.matmul(q, k, transpose_b=True))  # cause: exp_attention
    return tf.matmul(e / tf.reduce_sum(e, axis=-1, keepdims=True), v)


def linear_attention(q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) -> tf.Tensor:
    """ReLU features, of which all may be 0."""
    fq, fk = tf.nn.relu(q), tf.nn.relu(k)
    upper = tf.matmul(fq, tf.matmul(fk, v, transpose_a=True))
    lower = tf.matmul(fq, tf.reduce_sum(fk, axis=0)[:, None])
    return upper / lower  # cause: linear_attention


def cosine_attention(q: tf.Tensor, k: tf.Tensor) -> tf.Tensor:
    """Queries and keys are divided by their norms."""
    uq = q / tf.norm(q, axis=-1, keepdims=True)  # cause: cosine_attention
    uk = k / tf.norm(k, axis=-1, keepdims=True)  # cause: cosine_attention
    return tf.nn.softmax(tf.matmul(uq, uk, transpose_b=True))


def attention_entropy(scores: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """The entropy of weights of which the masked ones are 0."""
    weights = tf.nn.softmax(tf.where(mask, scores, -1e9))
    log_weights = tf.math.log(weights)  # cause: attention_entropy
    return -tf.reduce_sum(weights * log_weights, axis=-1)


def temperature_softmax(logits: tf.Tensor, temperature: tf.Tensor) -> tf.Tensor:
    """A temperature that has been annealed to 0."""
    scaled = logits / temperature  # cause: temperature_softmax
    return tf.square(tf.nn.softmax(scaled))


def sinkhorn(cost: tf.Tensor) -> tf.Tensor:
    """Kernels of a small temperature underflow."""
    kernel = tf.exp(-cost / 0.01)  # cause: sinkhorn
    u = 1.0 / tf.reduce_sum(kernel, axis=1, keepdims=True)  # cause: sinkhorn
    v = 1.0 / tf.reduce_sum(u * kernel, axis=0, keepdims=True)
    return tf.reduce_sum(u * kernel * v * cost)


def gumbel_softmax(logits: tf.Tensor, u: tf.Tensor) -> tf.Tensor:
    """log(-log(u)) of a u that is 0 or 1."""
    inner = tf.math.log(u)  # cause: gumbel_softmax
    noise = -tf.math.log(-inner)  # cause: gumbel_softmax
    return tf.square(tf.nn.softmax(logits + noise))


def renormalised_gate(logits: tf.Tensor, keep: tf.Tensor) -> tf.Tensor:
    """The kept weights of a mixture are divided by their sum, which may be 0."""
    weights = tf.nn.softmax(logits) * tf.cast(keep, logits.dtype)
    total = tf.reduce_sum(weights, axis=-1, keepdims=True)
    return tf.square(weights / total)  # cause: renormalised_gate


def renormalised_gate_where(logits: tf.Tensor, keep: tf.Tensor) -> tf.Tensor:
    """The 0 / 0 is masked in the value."""
    weights = tf.nn.softmax(logits) * tf.cast(keep, logits.dtype)
    total = tf.reduce_sum(weights, axis=-1, keepdims=True)
    shares = weights / total  # cause: renormalised_gate_where
    return tf.square(tf.where(total > 0.0, shares, tf.zeros_like(shares)))


def ctc_step(alpha: tf.Tensor, emission: tf.Tensor) -> tf.Tensor:
    """A step of the forward algorithm: the log of a sum of small exponentials."""
    stay = tf.exp(alpha)  # cause: ctc_step
    total = stay + tf.concat([tf.zeros_like(stay[:1]), stay[:-1]], axis=0)
    return tf.math.log(total) + emission  # cause: ctc_step


def exp_gate(x: tf.Tensor, forget: tf.Tensor) -> tf.Tensor:
    """A recurrence with exponential gates, without a stabiliser."""
    cell = tf.zeros_like(x[0])
    norm = tf.zeros_like(x[0])
    for t in range(3):
        gate = tf.exp(x[t])  # cause: exp_gate
        cell = tf.sigmoid(forget) * cell + gate * tf.tanh(x[t])
        norm = tf.sigmoid(forget) * norm + gate
    return cell / norm


def causal_logs(q: tf.Tensor) -> tf.Tensor:
    """A log of the product of attention weights and a causal mask."""
    weights = tf.nn.softmax(tf.matmul(q, q, transpose_b=True))
    causal = tf.constant([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [1.0, 1.0, 1.0]], q.dtype)
    logs = tf.math.log(weights * causal)  # cause: causal_logs
    return tf.reduce_sum(tf.where(causal > 0.0, logs, tf.zeros_like(logs)))


@tf.function(
    input_signature=[
        (tf.TensorSpec([2, 4], tf.float32), tf.TensorSpec([2, 4], tf.float32)),
        tf.TensorSpec([2], tf.int32),
    ]
)
def pooled_attention(pair: tuple[tf.Tensor, tf.Tensor], lengths: tf.Tensor) -> tf.Tensor:
    """Weights over the first `lengths` entries; a pair of inputs, and a length that may be 0."""
    scores, values = pair
    inside = tf.sequence_mask(lengths, 4)
    e = tf.where(inside, tf.exp(scores - tf.reduce_max(scores, axis=-1, keepdims=True)), tf.zeros_like(scores))
    total = tf.reduce_sum(e, axis=-1, keepdims=True)
    return tf.reduce_sum(values * e / total, axis=-1)  # cause: pooled_attention
