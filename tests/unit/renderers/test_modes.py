"""Words on other modes: the same results together, the size only where it matters."""

from gradcheck.records import Elsewhere
from gradcheck.renderers.modes import elsewhere_text


def test_the_same_results_stand_together() -> None:
    found = [Elsewhere(88.5, mode, size, 93.0, 1.05) for mode in ("eager", "xla") for size in (1, 16)]
    found.append(Elsewhere(88.5, "graph", 1, 93.0, 1.05))
    said = elsewhere_text(found)
    assert said == ("elsewhere at 88.5: output 93, gradient 1.05 in eager mode, compiled by XLA, in graph mode alone")


def test_different_results_are_told_apart() -> None:
    found = [Elsewhere(2.0, "eager", 16, 1.0, float("nan")), Elsewhere(2.0, "xla", 16, float("inf"), None)]
    assert elsewhere_text(found) == (
        "elsewhere at 2: output 1, gradient nan in eager mode in a batch of 16;"
        " output inf, gradient None compiled by XLA"
    )
