"""One point of one target, operation by operation: what `gradcheck explain` asks.

In: a target's name, a point and options. Out: a `Chain`.
"""

import difflib
from dataclasses import replace
from pathlib import Path

import numpy as np

from gradcheck import explaining, loading, parsing, planning, truth
from gradcheck.errors import BAD_CONFIGURATION, CANNOT_TRACE, NOT_SUPPORTED_YET, CannotCheck, NotElementwise
from gradcheck.options import AtOption, HoldOption, ScanOptions
from gradcheck.pipeline.sweeps import judge_of, knowledge_of, points_of
from gradcheck.records import Chain, Class, LoadedTarget, TracedInput, TracedTarget, Witness

MAX_FROM_FILE = 4096
"""Numbers of a file that are looked through for the first bad gradient."""


def explain(name: str, at: tuple[AtOption, ...], wrt: str | None, version: str | None, options: ScanOptions) -> Chain:
    """The chain of one version of a target at a point."""
    loading.make_working_directory_importable()
    target = elementwise(loading.load(name), options)
    names = [i.name for i in target.inputs]
    index = named(name, "--wrt", wrt, names) if wrt else named(name, "--at", at[0].name, names) if at[0].name else 0
    values: dict[str, list[float]] = {}
    for one in at:
        place = named(name, "--at", one.name, names) if one.name else 0
        if names[place] in values:
            raise CannotCheck(
                BAD_CONFIGURATION, f"--at {one.text}: {names[place]} is given twice; write NAME=VALUE for each"
            )
        values[names[place]] = numbers(one)
    if not isinstance(values.get(names[index]), list):
        values[names[index]] = [0.5]
    return at_point(target, index, values, version, options)


def elementwise(loaded: LoadedTarget, options: ScanOptions) -> TracedTarget:
    """The traced target; raises `CannotCheck` of a tensor target, for which there is no chain."""
    from gradcheck import tracing  # imports TensorFlow

    try:
        if loaded.is_tensor:
            raise not_for(loaded.name)
        return tracing.trace(loaded, options.dtype)
    except NotElementwise as error:
        raise not_for(loaded.name) from error


def not_for(name: str) -> CannotCheck:
    """What to do with a tensor target."""
    said = "a tensor target, and explain is for elementwise ones"
    return CannotCheck(NOT_SUPPORTED_YET, f"{name}: {said}; gradcheck scan {name} shows a witness and its cause")


def named(target: str, option: str, name: str, names: list[str]) -> int:
    """Position of the input called `name`."""
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"it has: {', '.join(names)}"
        raise CannotCheck(BAD_CONFIGURATION, f"{target}: {option} {name}: no input {name!r}; {hint}")
    return names.index(name)


def numbers(at: AtOption) -> list[float]:
    """The numbers of one `--at`: the one that is written, or those of a file."""
    if not at.value.startswith("@"):
        return [parsing.number(f"--at {at.text}", at.value, "write [NAME=]VALUE")]
    path = Path(at.value[1:])
    try:
        array = np.load(path, allow_pickle=False)
        if not np.issubdtype(array.dtype, np.number) or np.iscomplexobj(array):
            raise TypeError(f"its dtype is {array.dtype}")
        found = [float(v) for v in np.ravel(array)[:MAX_FROM_FILE]]
    except (OSError, ValueError, TypeError) as error:
        raise CannotCheck(BAD_CONFIGURATION, f"--at {at.text}: {path} cannot be read as numbers: {error}") from error
    if not found:
        raise CannotCheck(BAD_CONFIGURATION, f"--at {at.text}: {path} holds no number")
    return found


def at_point(
    target: TracedTarget, index: int, values: dict[str, list[float]], version: str | None, options: ScanOptions
) -> Chain:
    """The chain at the first given point whose gradient is bad, or at the first of all."""
    from gradcheck.engine import Engine
    from gradcheck.engine.evidence import require_elementwise

    versions = target.versions[index]
    known = [v.name for v in versions]
    wanted = version or ("custom" if "custom" in known else "autodiff")
    if wanted not in known:
        raise CannotCheck(BAD_CONFIGURATION, f"{target.name}: --gradient {wanted}: it has: {', '.join(known)}")
    swept = target.inputs[index].name
    holds = tuple(HoldOption(n, repr(v[0])) for n, v in values.items() if n != swept)
    (plan,) = (p for p in planning.plan_inputs(target.name, target.inputs, holding(options, holds)) if p.index == index)
    engine = Engine(target, plan)
    try:
        require_elementwise(engine, options.seed)
    except NotElementwise as error:
        raise not_for(target.name) from error
    judge, _ = judge_of(target, plan, versions, options)
    ordinals = ordinals_of(target.inputs[index], values[target.inputs[index].name])
    points = points_of(engine)(np.array(ordinals, dtype=np.int64))
    column = known.index(wanted)
    verdicts = [verdict(judge, point, column) for point in points]
    bad = next((i for i, v in enumerate(verdicts) if v not in (Class.FINITE, Class.NONE)), 0)
    study = versions[column].study()
    if study is None:
        raise CannotCheck(CANNOT_TRACE, f"{target.name}: TensorFlow cannot make one graph of it, so there is no chain")
    knowledge = knowledge_of(engine, versions, judge)
    inputs, output, gradients = engine.values_at([ordinals[bad]])[0]
    witness = Witness(inputs, output, gradients[wanted], *knowledge.true_values(ordinals[bad]))
    point = tuple(inputs.values())
    study = study.entered(point) or study
    exact = truth.exact_at(study.program, point)
    errors = knowledge.local_errors(study.program, point)
    links, cause, trap = explaining.chain_of(study, point, verdicts[bad], explaining.Exactly(exact, errors), swept)
    return Chain(target.name, wanted, target.inputs[index].name, witness, verdicts[bad], links, cause, trap)


def holding(options: ScanOptions, holds: tuple[HoldOption, ...]) -> ScanOptions:
    """Options with further inputs held."""
    return replace(options, holds=(*options.holds, *holds), ranges=())


def ordinals_of(traced: TracedInput, values: list[float]) -> list[int]:
    """The floats nearest to some numbers, of which at least one must be finite."""
    finite = [v for v in values if np.isfinite(v) and abs(v) <= traced.fmt.largest]
    if not finite:
        raise CannotCheck(BAD_CONFIGURATION, f"--at {traced.name}: no finite {traced.fmt.name}")
    return [int(o) for o in traced.fmt.encode(np.array(finite))]


def verdict(judge: truth.Judge | None, point: truth.Point, column: int) -> Class:
    """The class of one gradient at one point, with the truth considered where it is known."""
    if judge is not None:
        return judge.judge(point).gradients[column][0]
    value = point.gradients[column]
    if value is None:
        return Class.NONE
    return Class.FINITE if np.isfinite(value) else Class.NAN if np.isnan(value) else Class.INF
