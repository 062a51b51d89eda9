"""GC007 mode-disagreement: eager mode, graph mode and XLA put the same input in different classes."""

from collections.abc import Iterator, Mapping

from gradcheck.checks.stretches import Rule
from gradcheck.records import Class, Domain, Finding, ModeRegion
from gradcheck.vocabulary import PLACES

RULE = Rule("GC007", "mode-disagreement")


def find(regions: tuple[ModeRegion, ...], versions: tuple[str, ...], wrt: str) -> Iterator[Finding]:
    """One finding for each stretch and version; the output counts beside the version that training runs."""
    effective = "custom" if "custom" in versions else "autodiff"
    for version in versions:
        for stretch in stretches(regions, version, version == effective):
            yield finding(stretch, version, wrt, version == effective)


Classes = Mapping[str, tuple[Class, ...]]
"""By mode, what is compared: the gradient's class, and the output's."""


def classes_of(region: ModeRegion, version: str, output_too: bool) -> Classes:
    """What is compared in a region."""
    return {
        mode: (result.gradients[version], *([result.forward] if output_too else []))
        for mode, result in region.results.items()
    }


def stretches(regions: tuple[ModeRegion, ...], version: str, output_too: bool) -> Iterator[list[ModeRegion]]:
    """Adjacent regions that differ from mode to mode in the same way."""
    part: list[ModeRegion] = []
    last: Classes = {}
    for region in regions:
        classes = classes_of(region, version, output_too)
        differs = len(set(classes.values())) > 1 and region.domain is not Domain.OUTSIDE
        if part and (not differs or classes != last or part[-1].hi + 1 != region.lo):
            yield part
            part = []
        if differs:
            part.append(region)
            last = classes
    if part:
        yield part


def finding(stretch: list[ModeRegion], version: str, wrt: str, effective: bool) -> Finding:
    """What differs there, and how."""
    first, fmt = stretch[0], stretch[0].fmt
    at = min((r.witness for r in stretch), key=lambda o: (len(fmt.text(o)), abs(o), o))
    lo, hi = first.lo, stretch[-1].hi
    interval = fmt.text(lo) if lo == hi else f"[{fmt.text(lo)}, {fmt.text(hi)}]"
    gradients = {mode: result.gradients[version] for mode, result in first.results.items()}
    outputs = {mode: result.forward for mode, result in first.results.items()}
    said = []
    if len(set(gradients.values())) > 1:
        said.append(f"the {version} gradient is {told(gradients)}")
    if effective and len(set(outputs.values())) > 1:
        said.append(f"the output is {told(outputs)}")
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity="warning" if effective else "info",
        version=version,
        wrt=wrt,
        fmt=fmt,
        masked=all(output is Class.FINITE for output in outputs.values()),
        lo=lo,
        hi=hi,
        at=at,
        message=f"{' and '.join(said)} on {interval}",
        mode=next(iter(first.results)),
    )


def told(classes: Mapping[str, Class]) -> str:
    """Which class in which modes: `NaN compiled by XLA, finite in graph mode and in eager mode`."""
    modes: dict[Class, list[str]] = {}
    for mode, found in classes.items():
        modes.setdefault(found, []).append(PLACES[mode])
    words = {Class.NAN: "NaN", Class.MIXED: "now finite, now not"}
    return ", ".join(f"{words.get(found, found.value)} {' and '.join(places)}" for found, places in modes.items())
