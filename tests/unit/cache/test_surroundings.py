"""What a result depends on besides its target."""

import sys
from pathlib import Path

import pytest

from gradcheck.cache import surroundings


def whole() -> str:
    return "\n".join(surroundings())


def test_versions_are_there_and_tensorflow_is_not_imported_for_them() -> None:
    text = whole()
    assert sys.version in text
    assert "'tensorflow-" in text
    assert "'numpy-" in text
    assert "gradcheck" in text


def test_it_is_the_same_twice() -> None:
    assert whole() == whole()


def test_settings_of_tensorflow_count_and_those_of_its_logs_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    before = whole()
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "2")
    assert whole() == before
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    assert whole() != before


def test_keras_settings_count_and_its_defaults_written_out_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    before = whole()
    (tmp_path / "keras.json").write_text('{"floatx": "float32"}')
    assert whole() == before
    (tmp_path / "keras.json").write_text('{"floatx": "float64"}')
    assert whole() != before
    (tmp_path / "keras.json").write_text("no json")
    assert whole() == before


def test_an_installed_package_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    before = whole()
    (tmp_path / "mine-1.0.dist-info").mkdir()
    assert whole() != before
