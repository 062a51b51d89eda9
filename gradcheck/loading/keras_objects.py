"""Keras losses, metrics, models and layers as targets.

In: an instance and the lines that import it. Out: a `LoadedTarget` that calls it as inference does (training=False).
Classes are told by their names in the Keras package, so nothing is imported here.
"""

import inspect
from collections.abc import Callable
from typing import Any

from gradcheck.loading.calls import Call, target_of
from gradcheck.loading.conventions import loss_inputs
from gradcheck.loading.declarations import Argument, check_inputs, parameters_among
from gradcheck.loading.keras_inputs import input_tree, known_domains, layer_arguments
from gradcheck.loading.keras_metrics import metric_call
from gradcheck.records import LoadedTarget, Parameter

NOT_BUILT = "it is not built yet: variables, if it has any, are made by the first call, with other values in every run"


def is_keras(value: Any) -> bool:
    """Whether a value is a Keras loss, metric, model or layer."""
    return kind_of(value) is not None


def load_keras(name: str, value: Any, paste: tuple[str, ...]) -> LoadedTarget:
    """The target that an instance makes."""
    kind = kind_of(value)
    assert kind is not None, "asked is_keras"
    return LOADERS[kind](name, value, paste)


def kind_of(value: Any) -> str | None:
    """The first of the four base classes that an instance descends from."""
    return next((known for known in keras_classes(value) if known in LOADERS), None)


def keras_classes(value: Any) -> list[str]:
    """Names of the Keras classes that an instance descends from, nearest first."""
    return [c.__name__ for c in type(value).__mro__ if c.__module__.split(".")[0] in ("keras", "tf_keras")]


def load_loss(name: str, loss: Any, paste: tuple[str, ...]) -> LoadedTarget:
    """A loss of y_true and y_pred, which it casts to its own dtype."""
    return of_labels(name, loss, Call(loss, label_arguments(loss, str(loss.dtype))), paste)


def load_metric(name: str, metric: Any, paste: tuple[str, ...]) -> LoadedTarget:
    """A metric: what it computes for one batch."""
    arguments = label_arguments(metric, str(metric.dtype))
    function, lines, text = metric_call(name, metric, arguments)
    return of_labels(name, metric, Call(function, arguments), (*paste, *lines), **({"call": text} if text else {}))


def label_arguments(value: Any, dtype: str) -> tuple[Argument, ...]:
    """The arguments of a loss or a metric, labels in the dtype and shape that its class is made for."""
    known = loss_inputs(keras_classes(value))
    told = {
        "y_true": Parameter("y_true", known.true_dtype or dtype, known.true_shape),
        "y_pred": Parameter("y_pred", dtype, known.pred_shape),
    }
    call = value.update_state if kind_of(value) == "Metric" else value
    required = [a for a in inspect.signature(call).parameters.values() if a.default is a.empty]
    names = [a.name for a in required if a.kind not in (a.VAR_POSITIONAL, a.VAR_KEYWORD)]
    return tuple(Argument(n, told.get(n, Parameter(n, dtype))) for n in names)


def of_labels(name: str, value: Any, call: Call, paste: tuple[str, ...], /, **fields: Any) -> LoadedTarget:
    """A target with the domains of a loss."""
    known = loss_inputs(keras_classes(value))
    settings = {**vars(value), **getattr(value, "_fn_kwargs", {})}
    y_pred = known.logits if settings.get("from_logits") else known.y_pred
    given = {p.name for p in parameters_among(call.arguments)}
    domains = {n: text for n, text in (("y_true", known.y_true), ("y_pred", y_pred)) if n in given and text != "any"}
    return target_of(name, call, paste, domains=domains, takes_tensors=True, **fields)


def load_model(name: str, model: Any, paste: tuple[str, ...]) -> LoadedTarget:
    """A model in the structure of its inputs; one without known inputs, as a layer."""
    tree = input_tree(name, model)
    if tree is None:
        return load_layer(name, model, paste, takes_tensors=True)
    call = Call(model, (Argument("inputs", tree),), {"training": False})
    return called(name, model, call, paste, takes_tensors=True)


def load_layer(name: str, layer: Any, paste: tuple[str, ...], **fields: Any) -> LoadedTarget:
    """A layer of the arguments of its `call`."""
    options = {"training": False} if "training" in inspect.signature(layer.call).parameters else {}
    notes = () if layer.built else (NOT_BUILT,)
    fields = {"takes_tensors": awaits_batch(layer), **fields}
    return called(name, layer, Call(layer, layer_arguments(name, layer), options), paste, notes=notes, **fields)


def awaits_batch(layer: Any) -> bool:
    """Whether a layer is yet to make variables, or its inner layers theirs, for the features of its first batch."""
    own = [c for c in type(layer).__mro__ if "build" in vars(c)]
    return not layer.built and (own[0].__name__ != "Layer" or any(not inner.built for inner in layer._layers))


def called(name: str, layer: Any, call: Call, paste: tuple[str, ...], /, **fields: Any) -> LoadedTarget:
    """A layer or model that is called; it needs a float input, or a variable."""
    trained = bool(layer.trainable_variables) or not layer.built
    check_inputs(name, parameters_among(call.arguments), lambda: trained)
    target = target_of(name, call, paste, **fields)
    known = known_domains(layer, target.parameters)
    held = tuple(dict.fromkeys((*target.held, *known)))
    return target_of(name, call, paste, domains={**target.domains, **known}, held=held, **fields)


Loader = Callable[[str, Any, tuple[str, ...]], LoadedTarget]
LOADERS: dict[str, Loader] = {"Loss": load_loss, "Metric": load_metric, "Model": load_model, "Layer": load_layer}
