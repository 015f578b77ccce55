"""`halluc doctor` finds what is wrong and names the command that mends it."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from halluc import doctor
from halluc.doctor import Check, examine


def found(state: str) -> list[Check]:
    return [each for each in examine() if each.state == state]


def test_here_nothing_is_wrong(nltk_data: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import nltk

    monkeypatch.setattr(nltk.data, "path", [nltk_data])
    assert found("wrong") == []
    told = " ".join(each.what for each in found("ok"))
    assert f"torch {metadata.version('torch')}" in told
    assert "NLTK data: tagger and WordNet" in told
    assert all(not each.mend for each in found("ok"))


def test_what_is_missing_or_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    version = metadata.version

    def changed(name: str) -> str:
        if name == "accelerate":
            raise metadata.PackageNotFoundError(name)
        return "8.0" if name == "click" else version(name)

    monkeypatch.setattr(metadata, "version", changed)
    monkeypatch.setattr("halluc.language.words.wordnet.missing_data", lambda folder: ["wordnet"])
    (old,) = found("wrong")
    assert (old.what, old.mend) == ("click 8.0 is not >=8.4.2", "pip install 'click>=8.4.2'")
    told = {each.mend: each.what for each in found("missing")}
    assert "accelerate is not installed" in told["pip install 'halluc[models]'"]
    assert any(mend.startswith("python -m nltk.downloader") for mend in told)


def test_a_wrong_build_of_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setattr(doctor.shutil, "which", lambda name: "/usr/bin/nvidia-smi")
    (wrong,) = found("wrong")
    assert "without CUDA" in wrong.what
    plain = metadata.version("torch").partition("+")[0]
    assert wrong.mend == f"pip install --force-reinstall torch=={plain}"
    monkeypatch.setattr(torch.version, "cuda", "99.0")
    (wrong,) = found("wrong")
    assert "CUDA 99.0, which the driver does not run" in wrong.what


def test_another_package_of_our_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "packages_distributions", lambda: {"app": ["halluc", "other"]})
    (wrong,) = found("wrong")
    assert wrong.what == "other installs a package 'app' too"
    assert wrong.mend.startswith("pip uninstall -y other && pip install")


def test_modules_of_our_names_in_the_working_folder(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("raise SystemExit('not this one')")
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "__init__.py").touch()
    environment = {**os.environ, "PYTHONPATH": str(doctor.ROOT)}

    def run(**more: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "halluc.doctor"],
            cwd=tmp_path,
            env={**environment, **more},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    code, said = run()
    assert code == 2
    assert f"{tmp_path / 'app.py'} stands before halluc's own package 'app'" in said
    assert f"{tmp_path / 'metrics' / '__init__.py'} stands before" in said
    assert said.count("→ export PYTHONSAFEPATH=1") == 2
    code, said = run(PYTHONSAFEPATH="1")  # the command that mends it does
    assert code == 0, said
