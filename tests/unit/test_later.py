"""Libraries that are imported when they are first used: told by a process that has not imported them."""

import subprocess
import sys

import pytest

from gradcheck.later import Later

WITHOUT_NUMPY = (
    "gradcheck.parsing",
    "gradcheck.records",
    "gradcheck.configuration",
    "gradcheck.pipeline.remembered",
    "gradcheck.gate",
    "gradcheck.reading",
    "gradcheck.renderers.table",
    "gradcheck.renderers.json_report",
)


def test_a_name_is_that_of_the_library() -> None:
    import fractions

    late = Later("fractions")
    assert late.Fraction is fractions.Fraction
    assert "Fraction" in vars(late)
    with pytest.raises(AttributeError, match="nothing"):
        _ = late.nothing


def test_a_library_is_imported_when_it_is_used_and_what_describes_floats_does_not_use_numpy() -> None:
    code = (
        "import importlib, sys\n"
        f"for name in {WITHOUT_NUMPY}: importlib.import_module(name)\n"
        "from gradcheck.floats import FORMATS\n"
        "text = FORMATS['float32'].text(FORMATS['float32'].nearest(0.1))\n"
        "print(text, sorted({'numpy', 'pydantic', 'tabulate'} & set(sys.modules)))\n"
        "print(FORMATS['float32'].decode([1, 2]).shape, 'numpy' in sys.modules)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "0.1 []\n(2,) True\n"
