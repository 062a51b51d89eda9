"""A report that shows itself.

In: a `Report`. Out: the same, which prints as the table of `gradcheck scan`, in a notebook too.
"""

from dataclasses import dataclass, fields
from typing import Any

from gradcheck.records import Finding, Report
from gradcheck.renderers import Style, render


@dataclass(frozen=True, repr=False)
class Result(Report):
    """What a scan found: a `Report`, that is its targets with their sweeps, regions and findings."""

    @classmethod
    def of(cls, report: Report) -> "Result":
        """A report as a result."""
        return cls(**{field.name: getattr(report, field.name) for field in fields(Report)})

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Those of all targets."""
        return tuple(finding for target in self.targets for finding in target.findings)

    def render(self, output_format: str = "json") -> str:
        """The report as a text, in a format of `gradcheck scan --format`."""
        return render(self, output_format, Style())

    def __str__(self) -> str:
        return self.text(Style())

    def __repr__(self) -> str:
        of = ", ".join(f"{target.target}: {target.status}" for target in self.targets)
        return f"<gradcheck.Result of {of}; {len(self.findings)} findings>"

    def text(self, style: Style) -> str:
        """The table, and a line for each target that could not be checked."""
        errors = [f"{target.error.code} {target.error.message}" for target in self.targets if target.error]
        return "\n".join([*errors, render(self, "table", style)]).rstrip("\n")

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What IPython prints."""
        printer.text(str(self))

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from gradcheck.renderers.notebook import as_html

        return as_html(self.text(Style(width=100, colour=True)))
