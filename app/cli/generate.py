"""`halluc generate`: ask an MM-LLM about a data set and keep the answers as a run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli.options import CHAT_TEMPLATE, DEVICE, DTYPE, ENGINE, FIT, IMAGES, chosen, union_options
from app.cli.text import say
from halluc.errors import SampleError
from halluc.mllm import Fit
from halluc.plugins import load_plugin, plugins
from mitigation.inprocess import own_options
from mitigation.prompting import plan_options

if TYPE_CHECKING:
    from halluc.runs import Run

_OWN = {name: own_options(name) for name in plugins("decodings")}
_OF_PLANS = {name: plan_options(name) for name in plugins("plans")}
_SHOWN = 5  # samples that failed, that are shown
_METRICS = [load_plugin("metrics", name) for name in plugins("metrics")]
_TASKS = sorted(
    {each.name for metric in _METRICS for each in (metric.task, metric.judges) if each},
    key=lambda name: (name != "caption", name),
)


class Methods(click.ParamType[str]):
    """Names of decodings with commas between them."""

    name = "methods"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """The names, as a choice shows them."""
        return f"[{'|'.join(_OWN)}][,…]"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuse a name that is not known."""
        for name in value.split(","):
            if name.strip() not in _OWN:
                self.fail(f"{name!r} is not one of {', '.join(map(repr, _OWN))}.", param, ctx)
        return value


@click.command()
@click.option("--model", default="tabletop", show_default=True, metavar="M", help="Model to ask.")
@click.option("--data", default="tabletop", show_default=True, metavar="D", help="Data set.")
@click.option(
    "--task",
    type=click.Choice(_TASKS),
    default="caption",
    show_default=True,
    help="Describe the pictures, or answer the questions of a benchmark.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="RUN",
    help="Folder of the run. If it holds this run already, it is continued.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Ask about the first N samples only.")
@click.option(
    "--prompt",
    help="What to ask, instead of the data set's own or the default. With all tasks but caption, "
    '{question} stands for the question (with mme without its "Please answer yes or no.").',
)
@click.option("--do-sample/--greedy", help="Sample tokens, or take the most likely one (default).")
@click.option("--temperature", type=float, default=1.0, show_default=True)
@click.option("--top-p", type=float, default=1.0, show_default=True)
@click.option("--top-k", type=int, default=0, show_default=True, help="0: all tokens.")
@click.option("--max-new-tokens", type=int, default=512, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option(
    "--top-logprobs",
    type=click.IntRange(1, 20),
    metavar="K",
    help="Keep the K likeliest tokens at each token's place, to be seen in the inspector.",
)
@click.option(
    "--without-picture",
    is_flag=True,
    default=None,
    help="Keep each token's log-probability without the picture, too; takes twice the time. Not "
    "with --decode.",
)
@click.option(
    "--decode",
    type=Methods(),
    help="Mitigation during decoding, or a control of it; several with commas between them; see "
    "halluc list decodings. [none]",
)
@union_options(_OWN)
@click.option(
    "--plan",
    metavar="NAME[:N]",
    help="Mitigation by prompting: several calls in place of one, kept in the answer; see halluc "
    "list plans. vote:8 asks eight times, icl:4 shows four examples. [none]",
)
@union_options(_OF_PLANS)
@click.option(
    "--best-of",
    type=click.IntRange(2, 64),
    metavar="N",
    help="Draw N captions and keep the best by --by: a control, which reads the ground truth.",
)
@click.option(
    "--by",
    multiple=True,
    metavar="REWARD",
    help="Reward of --best-of, as halluc train grpo --reward names it; may repeat.",
)
@click.option(
    "--match-yes",
    type=click.Path(path_type=Path),
    metavar="RUN",
    help="yes-bias: take the bias with which yes is as frequent as in this run.",
)
@click.option(
    "--match-length",
    type=click.Path(path_type=Path),
    metavar="RUN",
    help="eos-bias: take the bias with which captions are as long as in this run.",
)
@click.option("--batch-size", type=click.IntRange(min=1), default=8, show_default=True)
@click.option(
    "--skip-failing",
    is_flag=True,
    help="Continue after samples that cannot be answered; each is kept with its reason, counted.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    help="Seconds that a server has for an answer [300].",
)
@CHAT_TEMPLATE
@DTYPE
@DEVICE
@FIT
@IMAGES
@click.option("--trust-remote-code", is_flag=True, help="Run code that comes with the model.")
@ENGINE
def generate(
    *,
    model: str,
    data: str,
    task: str,
    output: Path,
    limit: int | None,
    prompt: str | None,
    decode: str | None,
    plan: str | None,
    best_of: int | None,
    by: tuple[str, ...],
    match_yes: Path | None,
    match_length: Path | None,
    batch_size: int,
    skip_failing: bool,
    timeout: float | None,
    chat_template: Path | None,
    dtype: str,
    device: str,
    quantize: str | None,
    device_map: str | None,
    attn: str | None,
    images: Path | None,
    trust_remote_code: bool,
    engine: str,
    workers: int | None,
    gpus: float | None,
    **given: Any,
) -> None:
    """Ask an MM-LLM for captions or yes/no answers and keep them as a run.

    M is tabletop (embedded), hf:ORG/NAME, hf:./folder, openai:NAME@URL (a server; its key is in
    OPENAI_API_KEY), replay:FILE or judge:FILE. D is tabletop, coco:FOLDER, vg:FOLDER, pope:FILE,
    mme:FOLDER, amber:FOLDER or jsonl:FILE. The same command continues an interrupted run.
    With ray, the model is on every worker, and the run comes out as with one process.
    """
    from app.cli.progress import bars
    from app.engine.connect import open_cluster
    from app.engine.models import Named
    from app.workflows.generate import generate as work
    from app.workflows.score import next_command

    seen: list[Run] = []
    said: list[str] = []

    def started(run: Run) -> None:
        seen.append(run)
        if run.note:
            say(f"halluc: {run.note}", err=True)
        if run.finished:
            said.append(f"{output} has all {len(run.samples)} answers: nothing left to do")

    with open_cluster(engine, workers, gpus) as cluster:
        try:
            with bars() as progress:
                run = work(
                    Named(
                        model, dtype, device, trust_remote_code, timeout, chat_template,
                        Fit(quantize or "", device_map or "", attn or ""),
                    ),
                    data, output,
                    task=task, decode=decode, plan=plan, best_of=best_of, by=by,
                    prompt=prompt, limit=limit,
                    images=images, match_yes=match_yes, match_length=match_length,
                    cluster=cluster, batch_size=batch_size, skip_failing=skip_failing,
                    progress=progress, started=started, **chosen(given),
                )  # fmt: skip
        except SampleError as error:
            raise SampleError(error.id, f"{error}; --skip-failing continues without it") from None
        except KeyboardInterrupt:
            if not seen:
                raise
            done, of = len(seen[0].responses), len(seen[0].samples)
            say(f"\nstopped after {done} of {of}; the same command continues", err=True)
            sys.exit(130)
    say(said[0] if said else f"{output}: {len(run.samples)} answers", err=True)
    for line in _incomplete(run):
        say(f"halluc: {line}", err=True)
    say(f"next: {next_command(task, output)}", err=True)


def _incomplete(run: Run) -> Iterator[str]:
    """What of a run is no answer, or was cut short."""
    from halluc.answers.given import count_lacks

    failed = [each for each in run.responses if each.error]
    for each in failed[:_SHOWN]:
        yield f"{each.id}: {each.error}"
    if lacks := count_lacks((each.lack for each in run.responses), len(run.responses)):
        yield f"no answer: {lacks}; every score counts them and says so"
    cut = sum(each.finish == "length" and not each.lack for each in run.responses)
    if cut:
        yield f"cut short at --max-new-tokens: {cut} of {len(run.responses)} answers"
