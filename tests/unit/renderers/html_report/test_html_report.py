"""The page: one file, the same bytes, every text of the user's as text."""

import base64
import hashlib
import json
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from gradcheck.errors import CannotCheck
from gradcheck.printable import printable
from gradcheck.records import Environment, Report, Suppression, TargetError, TargetReport
from gradcheck.renderers import render
from gradcheck.renderers.html_report import in_script
from gradcheck.renderers.styles import Style

TAG_NAMES = (
    "html head meta title style body header h1 h2 h3 h4 p span main div table thead tbody tr th td a code noscript "
    "section figure button article dl dt dd pre script details summary"
)
ATTRIBUTE_NAMES = (
    "lang charset http-equiv content name class href id role aria-label aria-live aria-pressed type title hidden tabindex "
    "data-plot data-axis data-whole data-show data-lo data-hi data-copy"
)


class Page(HTMLParser):
    """What a browser makes of a text: elements, the scripts' contents, and the words in between."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.words = ""
        self.inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside == "script":
            self.scripts[-1] += data
        elif self.inside != "style":
            self.words += data

    @property
    def policy(self) -> str:
        """The content security policy."""
        (found,) = [a["content"] for t, a in self.tags if t == "meta" and a.get("http-equiv")]
        return found or ""

    @property
    def plots(self) -> list[dict[str, object]]:
        """What is drawn."""
        found: list[dict[str, object]] = json.loads(self.scripts[0])
        return found


def html(report: Report) -> str:
    return render(report, "html", Style())


def report_of(*targets: TargetReport) -> Report:
    return Report("0.0.1", Environment("2.21.0", "3.11.7", "CPU"), targets)


def test_same_report_same_bytes(swept: TargetReport, searched: TargetReport) -> None:
    assert html(report_of(swept, searched)) == html(report_of(swept, searched))


def test_what_is_found_stands_on_the_page(swept: TargetReport) -> None:
    words = Page(html(report_of(swept))).words
    for text in (
        "samples.softplus:my_softplus",
        "GC001 error",
        "the autodiff gradient is NaN",
        "at z = 100",
        "exp overflows",
        "return tf.math.log(tf.exp(z) + 1)",
        "samples/softplus.py:21",
        "use the library's stable form",
        "import tensorflow as tf\nprint(1)",
        "note: a note",
        "infinite",
    ):
        assert text in words


def test_nothing_is_fetched_and_no_other_script_runs(swept: TargetReport) -> None:
    page = Page(html(report_of(swept)))
    assert page.policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-inline" not in page.policy.split("style-src")[0]
    data, *scripts = page.scripts
    assert len(scripts) == 2
    assert data.startswith("[{")
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in page.policy
    assert [a.get("type") for t, a in page.tags if t == "script"] == ["application/json", None, None]
    assert not [a for _, a in page.tags if {"src", "action", "data", "srcdoc", "style"} & set(a)]
    assert all(str(a["href"]).startswith("#") for _, a in page.tags if "href" in a)


def test_a_plot_for_each_swept_input_and_each_line(swept: TargetReport, searched: TargetReport) -> None:
    page = Page(html(report_of(swept, searched)))
    assert [a["data-plot"] for t, a in page.tags if t == "figure"] == ["0", "1"]
    first, second = page.plots
    assert (first["input"], second["input"]) == ("z", "x[0]")
    assert first["bands"] == [[500, 1000, "output", "bad"], [500, 1000, "gradient", "bad"]]
    assert second["bands"] == [
        [500, 749, "gradient", "bad"],
        [500, 750, "output", "bad"],
        [750, 750, "gradient", "bad"],
    ]
    assert (first["sparse"], second["sparse"]) == (False, True)


def test_rows_and_findings_lead_to_their_stretch(swept: TargetReport) -> None:
    tags = Page(html(report_of(swept))).tags
    shown = [(t, a["data-show"], a["data-lo"], a["data-hi"]) for t, a in tags if "data-show" in a]
    assert shown == [("tr", "0", "0", "499"), ("tr", "0", "500", "1000"), ("button", "0", "500", "1000")]


def test_a_report_without_curves_has_no_scripts(swept: TargetReport) -> None:
    (sweep,) = swept.sweeps
    page = Page(html(report_of(replace(swept, sweeps=(replace(sweep, curve=None),)))))
    assert page.scripts == []
    assert "script-src 'none'" in page.policy
    assert "GC001 error" in page.words
    assert not [a for t, a in page.tags if t == "figure" or "data-show" in a]


def test_targets_that_are_clean_or_could_not_be_checked(swept: TargetReport) -> None:
    failed = TargetReport("nowhere:f", error=TargetError("GC901", "nowhere:f: no module named 'nowhere'"))
    clean = replace(swept, target="clean", findings=())
    words = Page(html(report_of(clean, failed))).words
    assert "GC901 nowhere:f: no module named 'nowhere'" in " ".join(words.split())
    assert "no findings" in words
    assert "2 targets" in words
    assert Page(html(report_of())).scripts == []


def test_what_does_not_count_says_why(swept: TargetReport) -> None:
    (finding,) = swept.findings
    quiet = replace(finding, suppressed=Suppression("comment", "known since 2019", "losses.py:7"))
    page = Page(html(report_of(replace(swept, findings=(quiet,)))))
    words = " ".join(page.words.split())
    assert "ignored by losses.py:7: known since 2019" in words
    assert "1 ignored" in words
    assert not [a for _, a in page.tags if a.get("class") == "badge error"]


def test_hostile_texts_stay_texts(hostile: tuple[str, Report]) -> None:
    text, report = hostile
    page = Page(html(report))
    assert {tag for tag, _ in page.tags} <= set(TAG_NAMES.split())
    assert {name for _, attributes in page.tags for name in attributes} <= set(ATTRIBUTE_NAMES.split())
    assert len(page.scripts) == 3
    assert "alert(1)" not in "".join(page.scripts[1:])
    shown = printable(text)
    assert page.words.count(shown) >= 20
    assert [plot["input"] for plot in page.plots] == [shown, shown + "2", shown + "[0]"]


@pytest.mark.parametrize("text", ["</script>", "<!--", "a & b > c", "\u2028\u2029", "\ud800", 'quote " and \\'])
def test_json_that_stands_in_a_script(text: str) -> None:
    written = in_script([text])
    assert not set("<>&\u2028\u2029") & set(written)
    assert json.loads(written) == [text]


def test_many_findings_are_counted(swept: TargetReport) -> None:
    (finding,) = swept.findings
    words = Page(html(report_of(replace(swept, findings=(finding,) * 103)))).words
    assert words.count("use the library's stable form") == 100
    assert "97 more GC001 like these" in words
    assert "and 3 more findings" in words


def test_without_plotly_one_line_says_what_to_install(swept: TargetReport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    with pytest.raises(CannotCheck, match=re.escape("pip install 'gradcheck[html]'")):
        html(report_of(swept))


def test_what_plotly_is_asked_for_exists(swept: TargetReport) -> None:
    """The names of attributes in plots.js are those of plotly's schema."""
    from importlib import resources

    from plotly import graph_objects as go

    script = resources.files("gradcheck.renderers.html_report").joinpath("plots.js").read_text()
    assert all(name in script for name in ("connectgaps", "customdata", "legendgroup", "spikesnap", "overlaying"))
    go.Scatter(connectgaps=True, customdata=[1], legendgroup="a", hoverinfo="none", mode="lines+markers", yaxis="y4")
    go.Layout(
        xaxis={"showspikes": True, "spikemode": "across", "spikesnap": "hovered data", "tickmode": "array"},
        yaxis3={"overlaying": "y", "visible": False},
        dragmode="zoom",
        hovermode="x",
        shapes=[{"type": "rect", "layer": "below", "xref": "x", "yref": "y3"}],
    )
