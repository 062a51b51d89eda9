"""Angles, rotations and shapes; `# cause: NAME` ends the line that the target NAME fails at."""

import tensorflow as tf


def angle(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """The angle between vectors that are parallel, not equal."""
    dot = tf.reduce_sum(a * b, axis=-1)
    cosine = dot / (tf.norm(a, axis=-1) * tf.norm(b, axis=-1))
    return tf.acos(cosine)  # cause: angle


def angle_clipped(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """The cosine is clipped to [-1, 1], where acos has no derivative either."""
    dot = tf.reduce_sum(a * b, axis=-1)
    cosine = tf.clip_by_value(dot / (tf.norm(a, axis=-1) * tf.norm(b, axis=-1)), -1.0, 1.0)
    return tf.acos(cosine)  # cause: angle_clipped


def small_angle(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """A small angle by acos: the cosine has lost its digits."""
    dot = tf.reduce_sum(a * b)
    return tf.acos(dot / tf.sqrt(tf.reduce_sum(a * a) * tf.reduce_sum(b * b)))  # cause: small_angle


def quaternion_unit(q: tf.Tensor) -> tf.Tensor:
    """A quaternion of zeros."""
    return q / tf.norm(q, axis=-1, keepdims=True)  # cause: quaternion_unit


def rotation_angle(q: tf.Tensor) -> tf.Tensor:
    """The angle of a quaternion: acos(1) for no rotation."""
    return 2.0 * tf.acos(tf.abs(q[..., 0]))  # cause: rotation_angle


def rotation_axis(q: tf.Tensor) -> tf.Tensor:
    """The axis of a quaternion, which no rotation has not."""
    w = q[..., :1]
    sine = tf.sqrt(1.0 - w * w)  # cause: rotation_axis
    return tf.where(sine > 1e-3, q[..., 1:] / sine, q[..., 1:])  # cause: rotation_axis


def rodrigues(v: tf.Tensor) -> tf.Tensor:
    """A rotation by its vector: sin(t) / t."""
    t = tf.norm(v)  # cause: rodrigues
    return v * tf.sin(t) / t  # cause: rodrigues


def rodrigues_where(v: tf.Tensor) -> tf.Tensor:
    """The small angle has a branch of its own, and its NaN all the same."""
    t = tf.norm(v)  # cause: rodrigues_where
    factor = tf.sin(t) / t  # cause: rodrigues_where
    return v * tf.where(t > 1e-4, factor, 1.0)


def rodrigues_epsilon(v: tf.Tensor) -> tf.Tensor:
    """SMPL's way: the norm of v + 1e-8, which is 0 at v = -1e-8."""
    t = tf.norm(v + 1e-8)  # cause: rodrigues_epsilon
    return tf.sin(t) * v


def slerp(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """The interpolation of two equal quaternions."""
    omega = tf.acos(tf.reduce_sum(a * b))  # cause: slerp
    weight = tf.sin(0.5 * omega) / tf.sin(omega)  # cause: slerp
    return weight * (a + b)


def euler_yaw(r: tf.Tensor) -> tf.Tensor:
    """atan2(0, 0) in a gimbal lock."""
    return tf.atan2(r[1, 0], r[0, 0])  # cause: euler_yaw


def heron(sides: tf.Tensor) -> tf.Tensor:
    """The area of a triangle that is a line."""
    s = 0.5 * tf.reduce_sum(sides)
    product = s * tf.reduce_prod(s - sides)
    return tf.sqrt(product)  # cause: heron


def face_normal(p: tf.Tensor) -> tf.Tensor:
    """The normal of a triangle that is a line."""
    n = tf.linalg.cross(p[1] - p[0], p[2] - p[0])
    return n / tf.norm(n)  # cause: face_normal


def face_area(p: tf.Tensor) -> tf.Tensor:
    """The area of a triangle whose corners coincide."""
    n = tf.linalg.cross(p[1] - p[0], p[2] - p[0])
    return 0.5 * tf.norm(n)  # cause: face_area


def inclination(p: tf.Tensor) -> tf.Tensor:
    """Spherical coordinates at the pole."""
    r = tf.norm(p, axis=-1)
    return tf.acos(p[..., 2] / r)  # cause: inclination


def polar_radius(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """hypot by hand at the origin."""
    return tf.sqrt(x * x + y * y)  # cause: polar_radius


def project(p: tf.Tensor) -> tf.Tensor:
    """A perspective division; what is close to the camera's plane is masked."""
    z = p[..., 2:]
    image = p[..., :2] / z  # cause: project
    return tf.where(tf.abs(z) > 1e-3, image, tf.zeros_like(image))


def ray_sphere(origin: tf.Tensor, direction: tf.Tensor) -> tf.Tensor:
    """A ray that touches the unit sphere."""
    b = tf.reduce_sum(origin * direction)
    c = tf.reduce_sum(origin * origin) - 1.0
    root = tf.sqrt(tf.maximum(b * b - c, 0.0))  # cause: ray_sphere
    return -b - root


def box_distance(p: tf.Tensor) -> tf.Tensor:
    """A signed distance: on a face the outer part is the norm of 0 (inside, tf.maximum drops its NaN)."""
    q = tf.abs(p) - tf.constant([1.0, 2.0, 0.5], p.dtype)
    outside = tf.norm(tf.maximum(q, 0.0), axis=-1)  # cause: box_distance
    return outside + tf.minimum(tf.reduce_max(q, axis=-1), 0.0)


def box_iou(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """Intersection over union of boxes without an area."""
    low = tf.maximum(a[..., :2], b[..., :2])
    high = tf.minimum(a[..., 2:], b[..., 2:])
    both = tf.reduce_prod(tf.maximum(high - low, 0.0), axis=-1)
    union = tf.reduce_prod(a[..., 2:] - a[..., :2], axis=-1) + tf.reduce_prod(b[..., 2:] - b[..., :2], axis=-1) - both
    return both / union  # cause: box_iou


def ciou_aspect(box: tf.Tensor) -> tf.Tensor:
    """CIoU's aspect ratio: atan(w / h) of an h of 0."""
    w, h = box[..., 0], box[..., 1]
    ratio = w / h  # cause: ciou_aspect
    return tf.reduce_sum(tf.square(tf.atan(ratio) - 0.7853982))


def snell(cosine: tf.Tensor) -> tf.Tensor:
    """Refraction close to total reflection: the digits are lost in front of the root."""
    k = 1.0 - 2.25 * (1.0 - cosine * cosine)  # cause: snell
    refracted = tf.sqrt(k)
    return tf.reduce_sum(tf.where(k > 0.0, refracted, tf.zeros_like(k)))


def mobius(x: tf.Tensor) -> tf.Tensor:
    """The logarithm map of the Poincare ball: atanh(|x|) x / |x|."""
    size = tf.norm(x, axis=-1, keepdims=True)  # cause: mobius
    return tf.atanh(size) * x / size  # cause: mobius


def mobius_where(x: tf.Tensor) -> tf.Tensor:
    """The same with the identity for short vectors."""
    size = tf.norm(x, axis=-1, keepdims=True)  # cause: mobius_where
    mapped = tf.atanh(size) * x / size  # cause: mobius_where
    return tf.where(size > 1e-3, mapped, x)
