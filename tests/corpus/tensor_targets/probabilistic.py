"""Densities and divergences; `# cause: NAME` ends the line that the target NAME fails at."""

import tensorflow as tf


def gaussian_nll(y: tf.Tensor, mean: tf.Tensor, raw: tf.Tensor) -> tf.Tensor:
    """A deviation that underflows: log(0), and an error of 0 over 0."""
    sigma = tf.nn.softplus(raw)
    z = (y - mean) / sigma  # cause: gaussian_nll
    return tf.reduce_mean(tf.math.log(sigma) + 0.5 * tf.square(z))  # cause: gaussian_nll


def gaussian_nll_relu(y: tf.Tensor, mean: tf.Tensor, raw: tf.Tensor) -> tf.Tensor:
    """A deviation from a ReLU, cut off behind the logarithm."""
    sigma = tf.nn.relu(raw)
    logs = tf.math.log(sigma)  # cause: gaussian_nll_relu
    return tf.reduce_mean(tf.maximum(logs, -5.0) + tf.abs(y - mean))


def gaussian_log_density(x: tf.Tensor) -> tf.Tensor:
    """The log of a density that underflows."""
    density = tf.exp(-0.5 * tf.square(x)) / 2.5066283
    return tf.reduce_sum(tf.math.log(density))  # cause: gaussian_log_density


@tf.function(
    input_signature=[
        tf.TensorSpec([2, 3], tf.float32, name="logits"),
        tf.TensorSpec([2, 3], tf.float32, name="means"),
        tf.TensorSpec([2, 3], tf.float32, name="log_sigmas"),
        tf.TensorSpec([2], tf.float32, name="y"),
    ]
)
def mixture_density(logits: tf.Tensor, means: tf.Tensor, log_sigmas: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """A mixture density network: far from all means every density is 0."""
    sigmas = tf.exp(log_sigmas)
    z = (y[:, None] - means) / sigmas
    densities = tf.exp(-0.5 * tf.square(z)) / (2.5066283 * sigmas)
    total = tf.reduce_sum(tf.nn.softmax(logits) * densities, axis=-1)
    return -tf.reduce_mean(tf.math.log(total))  # cause: mixture_density


def mixture_by_hand(scores: tf.Tensor) -> tf.Tensor:
    """A log-sum-exp that is shifted by the mean, not by the greatest."""
    shift = tf.reduce_mean(scores, axis=-1, keepdims=True)
    e = tf.exp(scores - shift)  # cause: mixture_by_hand
    return tf.math.log(tf.reduce_sum(e, axis=-1)) + shift[:, 0]  # cause: mixture_by_hand


def vae_kl(mean: tf.Tensor, log_variance: tf.Tensor) -> tf.Tensor:
    """The divergence of a variational autoencoder, by its deviation: log(exp(v))."""
    sigma = tf.exp(0.5 * log_variance)
    logs = tf.math.log(tf.square(sigma))  # cause: vae_kl
    return 0.5 * tf.reduce_sum(tf.square(mean) + tf.square(sigma) - 1.0 - logs)


def vae_likelihood(x: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """A Bernoulli likelihood with an epsilon that 1 swallows, for the graph adds the constants first."""
    p = tf.sigmoid(logits)
    hit = x * tf.math.log(p + 1e-10)
    miss = (1.0 - x) * tf.math.log(1.0 - p + 1e-10)  # cause: vae_likelihood
    return -tf.reduce_sum(hit + miss)


def beta_log_density(x: tf.Tensor) -> tf.Tensor:
    """(a - 1) * log(x) with an a of 1."""
    a = tf.constant([1.0, 2.0], x.dtype)
    log_x = tf.math.log(x)  # cause: beta_log_density
    return tf.reduce_sum((a - 1.0) * log_x + tf.math.log1p(-0.5 * x))


def bernoulli_log_odds(p: tf.Tensor) -> tf.Tensor:
    """The logit of a probability, squashed again."""
    odds = p / (1.0 - p)
    logit = tf.math.log(odds)  # cause: bernoulli_log_odds
    return tf.sigmoid(logit)


def von_mises(cosines: tf.Tensor, kappa: tf.Tensor) -> tf.Tensor:
    """log(I0(kappa)) by a Bessel function that overflows."""
    bessel = tf.math.bessel_i0(kappa)  # cause: von_mises
    return tf.reduce_sum(kappa * cosines - tf.math.log(bessel))


def von_mises_fisher(mu: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """The concentration is the norm of the mean, over its own sinh."""
    kappa = tf.norm(mu, axis=-1)  # cause: von_mises_fisher
    bound = tf.math.log1p(kappa)
    return tf.reduce_sum(tf.reduce_sum(mu * x, axis=-1) - bound)


def normal_log_cdf(x: tf.Tensor) -> tf.Tensor:
    """log(cdf) by erf, which has rounded to -1."""
    cdf = 0.5 * (1.0 + tf.math.erf(x / 1.4142135))  # cause: normal_log_cdf
    return tf.reduce_sum(tf.math.log(cdf))  # cause: normal_log_cdf


def truncated_normal(x: tf.Tensor, low: tf.Tensor, high: tf.Tensor) -> tf.Tensor:
    """The log of the difference of two equal distribution values."""
    mass = tf.math.erf(high) - tf.math.erf(low)
    return -0.5 * tf.square(x) - tf.math.log(mass)  # cause: truncated_normal


def incomplete_gamma(x: tf.Tensor) -> tf.Tensor:
    """The registered gradient multiplies 0 by log(0)."""
    return tf.math.igamma(tf.constant([1.0, 2.0], x.dtype), x)  # cause: incomplete_gamma


def incomplete_beta(a: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """No gradient with respect to the parameters."""
    return tf.reduce_sum(tf.math.betainc(a, 2.0 * tf.ones_like(a), x))  # cause: incomplete_beta


def numpy_square(x: tf.Tensor) -> tf.Tensor:
    """Python code in the graph: no gradient."""
    y = tf.numpy_function(lambda a: a * a, [x], tf.float32)  # cause: numpy_square
    return tf.reduce_sum(tf.ensure_shape(y, x.shape))


def student_t(x: tf.Tensor) -> tf.Tensor:
    """The square of a far outlier overflows."""
    squared = tf.square(x) / 3.0  # cause: student_t
    return -2.0 * tf.reduce_sum(tf.math.log1p(squared))


def renyi(p: tf.Tensor, q: tf.Tensor) -> tf.Tensor:
    """The Bhattacharyya coefficient: roots of products that are 0."""
    roots = tf.sqrt(p * q)  # cause: renyi
    return -tf.math.log(tf.reduce_sum(roots) + 0.1)


def evidential(evidence: tf.Tensor) -> tf.Tensor:
    """lgamma and digamma of evidence that a ReLU has made 0, with a weight of 0."""
    alpha = tf.nn.relu(evidence)
    terms = (alpha - 0.0) * tf.math.digamma(alpha)  # cause: evidential
    return tf.reduce_sum(tf.where(alpha > 0.01, terms, tf.zeros_like(terms)))


def expected_improvement(mean: tf.Tensor, variance: tf.Tensor) -> tf.Tensor:
    """Bayesian optimisation at a point that has been seen: a variance of 0."""
    sigma = tf.sqrt(variance)  # cause: expected_improvement
    z = (mean - 0.5) / sigma  # cause: expected_improvement
    gain = sigma * tf.exp(-0.5 * tf.square(z)) + (mean - 0.5) * 0.5 * (1.0 + tf.math.erf(z))
    return tf.where(variance > 1e-6, gain, tf.zeros_like(gain))


def polygamma(order: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """No gradient with respect to the order."""
    return tf.reduce_sum(tf.math.polygamma(order, x))  # cause: polygamma


def zeta(s: tf.Tensor, q: tf.Tensor) -> tf.Tensor:
    """No gradient with respect to the exponent."""
    return tf.reduce_sum(tf.math.zeta(s, q))  # cause: zeta
