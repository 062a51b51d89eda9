"""The keys of a configuration, and what stands behind each.

In: tables as TOML has them. Out: models, checked, and from those the records that travel; pydantic tells all that is
wrong with a table at once. This module is imported when there is a table to read: pydantic takes 0.1 s.
"""

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator

from gradcheck.configuration import values
from gradcheck.domains import ValueDomain
from gradcheck.options import GateOptions, HoldOption, RangeOption, Said
from gradcheck.vocabulary import DTYPES, FORMATS, MODES, SEVERITIES

Shape = Annotated[tuple[int, ...], PlainValidator(values.shape)]
Domain = Annotated[ValueDomain, PlainValidator(values.domain)]
Ends = Annotated[tuple[tuple[str, str], ...], PlainValidator(values.intervals)]
Held = Annotated[str, PlainValidator(values.held)]
Seconds = Annotated[float, PlainValidator(values.time)]
Code = Annotated[str, PlainValidator(values.code)]
Reason = Annotated[str, PlainValidator(values.reason)]
ReportFile = Annotated[str, PlainValidator(values.report_file)]
Dtype = Annotated[str, PlainValidator(values.one_of(DTYPES))]
Mode = Annotated[str, PlainValidator(values.one_of(MODES))]
Severity = Annotated[str, PlainValidator(values.one_of(SEVERITIES))]
Format = Annotated[str, PlainValidator(values.one_of(FORMATS))]
OneOrMore = BeforeValidator(values.listed)
Text = Annotated[str, Field(min_length=1)]


def key(example: str, **settings: Any) -> Any:
    """A key that may be left out; the example is what a message tells to write."""
    return Field(default=None, examples=[example], **settings)


class Table(BaseModel):
    """What any table is."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True)


class Scanned(Table):
    """What a table says of scans, one target's or all."""

    shape: dict[str, Shape] | None = key("{x = [4, 3]}")
    domain: dict[str, Domain] | None = key('{y = "one-hot"}')
    range: Annotated[dict[str, Ends] | None, BeforeValidator(values.for_every_input)] = key('{x = "-10:10"}')
    wrt: list[Text] | None = key('["x"]')
    hold: dict[str, Held] | None = key("{y = 0.5}")
    dtype: Dtype | None = key('"float32"')
    tolerance: float | None = key("0.001", ge=0, lt=1, allow_inf_nan=False)
    mode: Annotated[list[Mode] | None, OneOrMore] = key('"graph", or ["graph", "xla"]')
    order: int | None = key("2", ge=1, le=2)
    budget: Seconds | None = key('"10s"')
    exhaustive: bool | None = key("true")

    def said(self, seed: int | None = None, against: str | None = None) -> Said:
        """The record of it."""
        ranges = [(name, lo, hi) for name, pairs in (self.range or {}).items() for lo, hi in pairs]
        return Said(
            ranges=tuple(RangeOption(name or None, lo, hi) for name, lo, hi in ranges),
            holds=tuple(HoldOption(name, value) for name, value in (self.hold or {}).items()),
            shapes=dict(self.shape or {}),
            domains=dict(self.domain or {}),
            wrt=tuple(self.wrt or ()),
            modes=tuple(dict.fromkeys(self.mode or ())),
            dtype=self.dtype,
            against=against,
            seed=seed,
            tolerance=self.tolerance,
            budget=self.budget,
            order=self.order,
            exhaustive=self.exhaustive,
        )


class Excuse(Table):
    """Codes that do not count for a target, and why."""

    code: Annotated[list[Code], OneOrMore] = Field(examples=['"GC002"'], min_length=1)
    reason: Reason = Field(examples=['"the range is never reached"'])


class Target(Scanned):
    """A `[[target]]` table."""

    name: Text = Field(examples=['"module:function"'])
    against: Text | None = key('"module:function"')
    ignore: list[Annotated[Excuse, BeforeValidator(values.excuse)]] | None = key('[{code = "GC002", reason = "..."}]')


class Top(Scanned):
    """The whole of it."""

    wrt: list[Annotated[Text, AfterValidator(values.input_of_all)]] | None = key('["x"]')
    seed: int | None = key("0", ge=0, lt=1 << 63)
    select: list[Code] | None = key('["GC001"]')
    ignore: list[Code] | None = key('["GC004"]')
    fail_on: Severity | None = key('"error"', alias="fail-on")
    jobs: int | None = key("2", ge=1, lt=1 << 15)
    timeout: Seconds | None = key('"60s"')
    baseline: Text | None = key('"baseline.json"')
    output: Annotated[list[ReportFile] | None, OneOrMore] = key('["report.json"]')
    format: Format | None = key('"table"')
    target: list[Target] | None = key("[[target]]")

    def gate(self) -> GateOptions:
        """What counts, and what fails."""
        return GateOptions(
            select=tuple(self.select or GateOptions.select),
            ignore=tuple(self.ignore or ()),
            fail_on=self.fail_on or GateOptions.fail_on,
            baseline=Path(self.baseline) if self.baseline else None,
        )
