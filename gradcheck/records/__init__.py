"""The records that travel between the stages, all frozen.

A target becomes a graph, a graph and options become a plan, a plan becomes samples, samples become regions, regions
become findings, findings become explained findings, those become a report. Floats travel as ordinals of their input's
dtype; they become decimals where they are printed.
"""

from gradcheck.records.classes import Class, Domain, Kind
from gradcheck.records.curves import Curve
from gradcheck.records.facts import Facts
from gradcheck.records.findings import Cause, Chain, Elsewhere, Finding, LineInterval, Link, TensorWitness, Witness
from gradcheck.records.ignores import Ignore, Lines, Place, Suppression, place_of
from gradcheck.records.planes import Plane, PlaneClass, PlaneMap, Rectangle
from gradcheck.records.reports import Environment, Report, SearchReport, TargetError, TargetReport
from gradcheck.records.sweeps import InputPlan, ModeRegion, ModeResult, Reference, Region, Screen, Sweep
from gradcheck.records.targets import (
    LoadedTarget,
    Parameter,
    Probe,
    Recorded,
    Stop,
    Study,
    Tensor,
    TracedInput,
    TracedTarget,
    Version,
)
from gradcheck.records.tensors import Batch, Pull, TensorInput, TensorPoint, TensorVersion, TracedTensors, Weight
from gradcheck.records.trainings import Norms, TrainingReport, TrainingWitness, WatchedOptimizer
from gradcheck.repros import BadGradient

__all__ = [
    "BadGradient",
    "Batch",
    "Cause",
    "Chain",
    "Class",
    "Curve",
    "Domain",
    "Elsewhere",
    "Environment",
    "Facts",
    "Finding",
    "Ignore",
    "InputPlan",
    "Kind",
    "LineInterval",
    "Lines",
    "Link",
    "LoadedTarget",
    "ModeRegion",
    "ModeResult",
    "Norms",
    "Parameter",
    "Place",
    "Plane",
    "PlaneClass",
    "PlaneMap",
    "Probe",
    "Pull",
    "Recorded",
    "Rectangle",
    "Reference",
    "Region",
    "Report",
    "Screen",
    "SearchReport",
    "Stop",
    "Study",
    "Suppression",
    "Sweep",
    "TargetError",
    "TargetReport",
    "Tensor",
    "TensorInput",
    "TensorPoint",
    "TensorVersion",
    "TensorWitness",
    "TracedInput",
    "TracedTarget",
    "TracedTensors",
    "TrainingReport",
    "TrainingWitness",
    "Version",
    "WatchedOptimizer",
    "Weight",
    "Witness",
    "place_of",
]
