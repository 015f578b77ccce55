"""The docs say what the command says, leave nothing out, and their pages hang together."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest

import halluc
from app.cli import cli

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"

# Command → the page of its job. Subcommands without a row have that of the command above them.
PAGES = {
    "halluc": "index.md",
    "halluc generate": "generate.md",
    "halluc score": "measure.md",
    "halluc compare": "compare.md",
    "halluc gate": "gate.md",
    "halluc arena": "arena.md",
    "halluc inspect": "inspector.md",
    "halluc report": "inspector.md",
    "halluc revise": "revise.md",
    "halluc analyse": "revise.md",
    "halluc analyse alignment": "sft.md",
    "halluc analyse uncertainty": "uncertainty.md",
    "halluc analyse reviews": "inspector.md",
    "halluc data pope": "metrics/pope.md",
    "halluc data verify": "metrics/pope.md",
    "halluc data pairs": "dpo.md",
    "halluc train dpo": "dpo.md",
    "halluc train grpo": "grpo.md",
    "halluc train kto": "kto.md",
    "halluc train merge": "dpo.md",
    "halluc train sft": "sft.md",
    "halluc train control": "decoding.md",
    "halluc train judge": "metrics/haelm.md",
    "halluc train steering": "decoding.md",
    "halluc train lure": "revise.md",
    "halluc train detector": "revise.md",
    "halluc train tabletop": "tabletop.md",
    "halluc train english": "claims.md",
    "halluc model": "models.md",
    "halluc doctor": "security.md",
}
# Commands with the options of all metrics.
COMPARING = ("halluc compare", "halluc gate")
# Options that many commands share, and where they are explained once.
SHARED = {
    **dict.fromkeys(["--engine", "--workers", "--gpus-per-worker"], "scale.md"),
    **dict.fromkeys(["--dtype", "--device", "--images", "--batch-size"], "generate.md"),
}


def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", DOCS / "make_reference.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def commands(
    command: click.Command, name: str, above: click.Context | None, page: str
) -> Iterator[tuple[str, click.Command, str]]:
    """Each command that does something, by its whole name, with the page of its job."""
    context = click.Context(
        command, info_name=name, parent=above, help_option_names=["-h", "--help"]
    )
    path = context.command_path
    page = PAGES.get(path, page)
    if path.startswith("halluc score "):
        page = f"metrics/{name}.md"
    if not isinstance(command, click.Group):
        yield path, command, page
        return
    for each in command.list_commands(context):
        below = command.get_command(context, each)
        assert below is not None
        yield from commands(below, each, context, page)


COMMANDS = {path: (each, page) for path, each, page in commands(cli, "halluc", None, "")}


def text_of(page: str) -> str:
    return (DOCS / page).read_text("utf-8") if (DOCS / page).is_file() else ""


def names(page: str, flag: str) -> bool:
    """Whether a page has an option as a whole word."""
    return re.search(rf"(?<![\w-]){re.escape(flag)}(?![\w-])", text_of(page)) is not None


@pytest.mark.parametrize("path", COMMANDS)
def test_a_command_and_its_options_are_on_the_page_of_its_job(path: str) -> None:
    command, page = COMMANDS[path]
    assert path in text_of(page), f"docs/{page} does not have the command `{path}`"
    missing = []
    for option in command.params:
        if isinstance(option, click.Option):
            flags = [*option.opts, *option.secondary_opts]
            flag = max(option.opts, key=len)
            where = [page, SHARED.get(flag, page)]
            where += ["measure.md"] if path.startswith("halluc score") else []
            # The options of a metric are explained on its page, those of a decoding on theirs.
            where += [f"metrics/{name}.md" for name in own("metrics") if path in COMPARING]
            where += ["decoding.md", "prompting.md", "grpo.md"] if path == "halluc generate" else []
            where += ["dpo.md"] if path.startswith("halluc train") else []
            if not any(names(each, one) for each in where for one in flags):
                missing.append(f"{flag} of `{path}` is not on docs/{' or docs/'.join(where)}")
    assert not missing, "\n".join(missing)


def own(group: str) -> list[str]:
    return reference().own(group)


@pytest.mark.parametrize(
    ("group", "page"),
    [("metrics", "metrics/{}.md"), ("decodings", "decoding.md"), ("revisers", "revise.md")],
)
def test_a_metric_or_method_and_its_options_are_on_its_page(group: str, page: str) -> None:
    missing = []
    for name in own(group):
        mine = page.format(name)
        if not re.search(rf"\b{re.escape(name)}\b", text_of(mine)):
            missing.append(f"docs/{mine} does not have {name}")
        for option in reference().options(group, name):
            if not names(mine, option.flag):
                missing.append(f"docs/{mine} does not have {option.flag} of {name}")
    assert not missing, "\n".join(missing)


def test_every_name_of_the_python_api_is_on_its_page() -> None:
    for name in halluc.__all__:
        assert name == "__version__" or f"halluc.{name}" in text_of("in_python.md"), name


@pytest.mark.parametrize("page", ["reference.md", "methods.md"])
def test_generated_pages_are_those_of_the_command(page: str) -> None:
    made = reference().pages()[DOCS / page]
    assert text_of(page) == made, "run: python docs/make_reference.py"


def test_every_page_is_in_the_navigation() -> None:
    listed = set(re.findall(r'"([\w/-]+\.md)"', (ROOT / "zensical.toml").read_text("utf-8")))
    there = {str(each.relative_to(DOCS)) for each in DOCS.rglob("*.md")}
    assert listed == there


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    shutil.copytree(DOCS, tmp_path / "docs")
    for part in ("halluc", "metrics", "mitigation", "app"):
        (tmp_path / part).symlink_to(ROOT / part)
    shutil.copy(ROOT / "zensical.toml", tmp_path)
    zensical = shutil.which("zensical", path=str(Path(sys.executable).parent))
    assert zensical, "pip install zensical"
    done = subprocess.run(
        [zensical, "build", "--strict"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No issues found" in done.stdout + done.stderr
    page = (tmp_path / "site/api/halluc/index.html").read_text("utf-8")
    assert "app.workflows.generate" in page
    assert (tmp_path / "site/search.json").is_file()
