"""Options have defaults, and what nobody said is one."""

from gradcheck import options as opt
from gradcheck.options import GateOptions, RangeOption, Said, ScanOptions
from gradcheck.vocabulary import SEVERITIES


def test_defaults() -> None:
    options = ScanOptions()
    assert (options.ranges, options.holds, options.seed, options.order, options.modes) == ((), (), 0, 1, ("graph",))
    gate = GateOptions()
    assert (gate.select, gate.ignore, gate.fail_on, gate.exit_zero) == (("GC",), (), "error", False)
    assert gate.fail_on in SEVERITIES
    assert float(opt.DEFAULT_HOLD) == 0.5


def test_what_nobody_said_is_as_it_always_is() -> None:
    assert Said().completed == ScanOptions()
    said = Said(ranges=(RangeOption("z", "0", "1"),), tolerance=0.0, exhaustive=False, seed=0, shapes={"x": ()})
    assert said.completed == ScanOptions(ranges=said.ranges, tolerance=0.0, shapes={"x": ()})
    assert said.completed.completed == said.completed
    assert Said(seed=3, budget=2.0, order=2, modes=("xla",), exhaustive=True).completed == ScanOptions(
        seed=3, budget=2.0, order=2, modes=("xla",), exhaustive=True
    )
