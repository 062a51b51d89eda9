"""Planning: which floats to run.

In: inputs and options. Out: an `InputPlan` for each input, the ordinals to start from, and more of them where an
intermediate meets danger. No decimals are swept: one draw from each of many equal stretches of ordinals, special values
and their neighbours, and grids of decimals on the range for what people type.
"""

import difflib
from functools import lru_cache

import numpy as np

from gradcheck import options as opt
from gradcheck import parsing
from gradcheck.errors import BAD_CONFIGURATION, CannotCheck
from gradcheck.floats import FloatFormat, Ordinals, distinct
from gradcheck.options import ScanOptions
from gradcheck.planning.specials import around, near, special_values
from gradcheck.records import InputPlan, TracedInput


def plan_inputs(target: str, inputs: tuple[TracedInput, ...], options: ScanOptions) -> tuple[InputPlan, ...]:
    """One plan for each input: its ranges, and where the others are held."""
    names = [i.name for i in inputs]
    said = [*(("range", r.name) for r in options.ranges), *(("hold", h.name) for h in options.holds)]
    for kind, name in [*said, *(("domain", name) for name in options.domains)]:
        if name is not None and name not in names:
            near_names = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean {near_names[0]}?" if near_names else f"it has: {', '.join(names)}"
            raise CannotCheck(BAD_CONFIGURATION, f"{target}: --{kind} {name}=...: no input {name!r}; {hint}")
    held = tuple(held_ordinal(i, options) for i in inputs)
    plans = tuple(InputPlan(index, segments(i, options), held) for index, i in enumerate(inputs))
    for plan in plans if options.exhaustive else ():
        if plan.floats > opt.MOST_FLOATS:
            name, dtype = inputs[plan.index].name, inputs[plan.index].fmt.name
            days = f"--exhaustive: {plan.floats:,} floats of {name} ({dtype}) would take days"
            raise CannotCheck(BAD_CONFIGURATION, f"{target}: {days}; give a --range of at most {opt.MOST_FLOATS:,}")
    return plans


def held_ordinal(traced: TracedInput, options: ScanOptions) -> int:
    """Where an input is held while another one is swept; the last `--hold` of its name wins."""
    values = [h.value for h in options.holds if h.name == traced.name]
    text = values[-1] if values else opt.DEFAULT_HOLD
    return parsing.ordinal(f"--hold {traced.name}={text}", text, traced.fmt)


def segments(traced: TracedInput, options: ScanOptions) -> tuple[tuple[int, int], ...]:
    """The ranges of an input as disjoint, sorted intervals of ordinals: of ranges by name, its domain, or the rest."""
    own = [r for r in options.ranges if r.name == traced.name]
    fmt = traced.fmt
    if not own and traced.name in options.domains:
        lo, hi = (int(fmt.encode(end)) for end in options.domains[traced.name].ends(fmt))
        return ((min(lo, hi), max(lo, hi)),)
    own = own or [r for r in options.ranges if r.name is None]
    ends = [
        (
            parsing.ordinal(f"--range {r.text}", r.lo, fmt) if r.lo else fmt.min_ordinal,
            parsing.ordinal(f"--range {r.text}", r.hi, fmt) if r.hi else fmt.max_ordinal,
        )
        for r in own
    ]
    ordered = sorted((min(pair), max(pair)) for pair in ends)  # 0:-0.0 is a range, the wrong way round
    merged: list[tuple[int, int]] = []
    for lo, hi in ordered or [(fmt.min_ordinal, fmt.max_ordinal)]:
        if merged and lo <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(hi, merged[-1][1]))
        else:
            merged.append((lo, hi))
    return tuple(merged)


def is_exhaustive(plan: InputPlan, fmt: FloatFormat, looped: bool) -> bool:
    """Whether every float of the plan is run: 16-bit dtypes always are, and any range short enough."""
    return fmt.bits == 16 or plan.floats <= strata(looped)


def strata(looped: bool) -> int:
    """Draws from the whole line."""
    return opt.LOOP_STRATA if looped else opt.STRATA


def first_ordinals(
    plan: InputPlan, fmt: FloatFormat, constants: tuple[float, ...], seed: int, looped: bool
) -> Ordinals:
    """The ordinals that a sweep starts from, sorted and distinct."""
    if is_exhaustive(plan, fmt, looped):
        return np.concatenate([np.arange(lo, hi + 1, dtype=np.int64) for lo, hi in plan.segments])
    everywhere = stratified(plan, strata(looped), seed)
    reach = 1 if looped else 8
    known = around(fmt, fmt.encode(special_values(fmt, looped)), reach)
    own = near(fmt, fmt.encode(np.array([s * c for c in constants for s in (1.0, -1.0)])), 1 if looped else 64)
    ends = around(fmt, np.array(plan.segments, dtype=np.int64).ravel(), reach)
    grids = [fmt.encode(grid(lo, hi, fmt, looped)) for lo, hi in plan.segments]
    return within(plan, np.concatenate([everywhere, known, own, ends, *grids]))


@lru_cache(maxsize=2)
def stratified(plan: InputPlan, draws: int, seed: int) -> Ordinals:
    """Random ordinals from all segments, each with its share of the draws; a cure is swept where its target was."""
    rng = np.random.default_rng(seed)
    return np.concatenate([even(lo, hi, share(draws, lo, hi, plan), rng) for lo, hi in plan.segments])


def share(total: int, lo: int, hi: int, plan: InputPlan) -> int:
    """The part of `total` draws that falls to one segment."""
    return max(2, total * (hi - lo + 1) // plan.floats)


def within(plan: InputPlan, ordinals: Ordinals) -> Ordinals:
    """The distinct ordinals that lie in the plan's segments, sorted."""
    ordered = distinct(ordinals)
    cuts = [np.searchsorted(ordered, [lo, hi + 1]) for lo, hi in plan.segments]
    return np.concatenate([ordered[start:stop] for start, stop in cuts])


def even(lo: int, hi: int, count: int, rng: np.random.Generator) -> Ordinals:
    """One random ordinal from each of `count` equal stretches of [lo, hi] (stratified sampling), and both ends.

    The arithmetic is modulo 2^64, since the line of float64 is wider than an int64 can count.
    """
    width, wider = divmod(hi - lo + 1, count)  # the first `wider` stretches hold one float more
    if width == 0:
        return np.arange(lo, hi + 1, dtype=np.int64)
    found = np.empty(count + 2, dtype=np.int64)
    found[count:] = lo, hi
    drawn, places = rng.random(count), found[:count].view(np.uint64)
    for part, size, start in (
        (slice(wider), width + 1, lo),
        (slice(wider, count), width, lo + wider * (width + 1)),
    ):  # in place: two million numbers take as long to find memory for as to compute
        drawn[part] *= float(size)
        places[part] = drawn[part]
        np.minimum(places[part], np.uint64(size - 1), out=places[part])
        places[part] += np.arange(len(places[part]), dtype=np.uint64) * np.uint64(size)
        places[part] += np.uint64(start % (1 << 64))
    return found


def grid(lo: int, hi: int, fmt: FloatFormat, looped: bool) -> np.ndarray:
    """Decimal steps over a segment and over the parts of it that lie near 0."""
    first, last = (float(v) for v in fmt.decode(np.array([lo, hi])))
    steps = opt.GRID_STEPS // (16 if looped else 1)
    reaches = [(max(first, -r), min(last, r)) for r in opt.GRID_REACHES]
    whole = np.linspace(first / 2, last / 2, steps + 1) * 2  # halves: the whole line's length overflows
    return np.concatenate([whole, *(np.linspace(a, b, steps + 1) for a, b in reaches if a < b)])
