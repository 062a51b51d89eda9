"""The training of wide_deep with a loss that is written by hand, and dies of it some hundred steps in.

    python -m samples.wide_deep_nan                        # the loss is nan from epoch 16 on; exit status 0
    gradcheck scan samples.wide_deep_nan:cross_entropy     # before the training: at which logits
    gradcheck watch -m samples.wide_deep_nan               # while it trains: at which step, for which optimizer

At step 217 the network becomes so sure of one benign tumour, logit 16.8, that the sigmoid rounds to 1. That tumour's
loss is then 0 * log(0), which is NaN, and so is the gradient of every weight that it reaches.
"""

import tensorflow as tf

from samples import wide_deep


# gradcheck: scan hold=label=1 range=logit=-20:20 range=label=0:1
def cross_entropy(logit: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
    """The loss of one tumour, as it stands in the textbook.

    The disease: 1 - p is 0 where the sigmoid rounds to 1. The scan prints GC001 from 16.635532 up. Exit status 1.
    """
    p = tf.sigmoid(logit)
    return -label * tf.math.log(p) - (1 - label) * tf.math.log(1 - p)


if __name__ == "__main__":
    wide_deep.main(cross_entropy)
