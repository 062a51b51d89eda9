"""The values that inputs of whole tensors may have, by what the user asked for.

In: a target and options. Out: a domain for each input that is named, or one line on what an input cannot be.
"""

from gradcheck.domains import ValueDomain, misfit, parse_domain
from gradcheck.errors import BAD_CONFIGURATION, CannotCheck
from gradcheck.floats import FORMATS
from gradcheck.options import ScanOptions
from gradcheck.records import LoadedTarget, TracedTensors


def domains_of(loaded: LoadedTarget, options: ScanOptions) -> dict[str, ValueDomain]:
    """Domains by input: those of `--domain`, ranges of `--range`, and held values, which are ranges of one number."""
    kept = {*loaded.domains, *loaded.held}  # labels and masks have domains of their own
    every = [p.name for p in loaded.parameters if p.dtype in (None, *FORMATS) and p.name not in kept]
    found: dict[str, ValueDomain] = {}
    for r in sorted(options.ranges, key=lambda r: r.name is not None):
        domain = parse_domain(f"--range {r.text}", f"{r.lo}:{r.hi}")
        found |= dict.fromkeys(every if r.name is None else [r.name], domain)
    held = {h.name: parse_domain(f"--hold {h.name}", f"{h.value}:{h.value}") for h in options.holds}
    return {**found, **options.domains, **held}


def check_domains(target: TracedTensors, options: ScanOptions) -> None:
    """Raise `CannotCheck` where an input cannot have the values that are asked for by its name."""
    said = {r.name: (f"--range {r.text}", parse_domain(r.text, f"{r.lo}:{r.hi}")) for r in options.ranges}
    said |= {name: (f"--domain {name}={domain.text}", domain) for name, domain in options.domains.items()}
    said |= {
        h.name: (f"--hold {h.name}={h.value}", parse_domain(h.value, f"{h.value}:{h.value}")) for h in options.holds
    }
    for i in target.inputs:
        option, domain = said.get(i.name, ("", i.domain))
        why = misfit(domain, i.dtype) if option else None
        if why:
            raise CannotCheck(BAD_CONFIGURATION, f"{target.name}: {option}: {i.name} is {i.dtype}, and {why}")
