"""The records that travel between the stages, all frozen.

A target becomes a graph, a graph and options become a plan, a plan becomes samples, samples become regions, regions
become findings, findings become explained findings, those become a report. Floats travel as ordinals of their input's
dtype; they become decimals where they are printed.
"""

from gradcheck.records.classes import Class, Domain, Kind
from gradcheck.records.findings import Cause, Chain, Finding, Link, Witness
from gradcheck.records.reports import Environment, Report, TargetError, TargetReport
from gradcheck.records.sweeps import InputPlan, Reference, Region, Sweep
from gradcheck.records.targets import (
    LoadedTarget,
    Parameter,
    Probe,
    Stop,
    Study,
    Tensor,
    TracedInput,
    TracedTarget,
    Version,
)

__all__ = [
    "Cause",
    "Chain",
    "Class",
    "Domain",
    "Environment",
    "Finding",
    "InputPlan",
    "Kind",
    "Link",
    "LoadedTarget",
    "Parameter",
    "Probe",
    "Reference",
    "Region",
    "Report",
    "Stop",
    "Study",
    "Sweep",
    "TargetError",
    "TargetReport",
    "Tensor",
    "TracedInput",
    "TracedTarget",
    "Version",
    "Witness",
]
