"""MM-LLMs and detectors by their names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from halluc.errors import InputError, ModelError
from halluc.jsonl import check_plain, reason
from halluc.mllm.base import MLLM, Fit

if TYPE_CHECKING:
    from halluc.mllm.boxes import BoxDetector

MODELS = {
    "tabletop": "the embedded MM-LLM; tabletop+dpo and tabletop+lure are its adapters",
    "hf:ORG/NAME": "a checkpoint from the hub or its cache",
    "hf:./FOLDER": "a checkpoint on disk",
    "M+FOLDER": "any of these with a LoRA adapter",
    "openai:NAME@URL": "a model behind an OpenAI-compatible server (vLLM, SGLang, hosted)",
    "replay:FILE": "answers that were recorded elsewhere",
    "judge:FILE": "a small judge of captions (halluc train judge); judge:tabletop ships",
}
"""Names of models, and what each stands for."""

NAMES = (
    "tabletop, hf:ORG/NAME, hf:./folder (each with +ADAPTER), judge:FILE, openai:NAME@URL or "
    "replay:FILE"
)


def load_model(
    name: str,
    *,
    dtype: str = "auto",
    device: str = "auto",
    trust_remote_code: bool = False,
    timeout: float | None = None,
    chat_template: Path | None = None,
    fit: Fit = Fit(),  # noqa: B008 (frozen)
) -> MLLM:
    """Make ready the model of a name; weights are read when it is first asked.

    Args:
        name: ``tabletop`` (the embedded one), ``hf:ORG/NAME`` (from the hub or its cache),
            ``hf:./folder`` (a checkpoint on disk), each followed by ``+FOLDER`` to add a LoRA
            adapter, ``openai:NAME@URL`` (behind a chat endpoint), ``replay:FILE`` (recorded
            answers) or ``judge:FILE`` (a small judge of captions).
        dtype: "float32", "bfloat16" or "float16"; "auto" is float32 on a CPU, else bfloat16
            where the accelerator has it and float16 where not.
        device: as torch names it; "auto" takes an accelerator if there is one.
        trust_remote_code: run code that comes with the checkpoint.
        timeout: seconds that a server has for an answer; default: 300.
        chat_template: file of a Jinja template to take instead of the checkpoint's own.
        fit: how a checkpoint is made to fit.

    Raises:
        ModelError: no such model, or it cannot be loaded.
        InputError: a file of recorded answers, a judge or a chat template cannot be used.
    """
    if name.startswith("replay:"):
        from halluc.mllm.replay import ReplayMLLM

        return ReplayMLLM(Path(name.removeprefix("replay:")))
    if name.startswith("judge:"):
        from halluc.mllm.judge import JudgeMLLM

        return JudgeMLLM(name)
    if name.startswith("openai:"):
        try:
            from halluc.mllm.openai import TIMEOUT, OpenAIMLLM
        except ImportError as error:
            raise ModelError(
                f"asking a server needs {error.name}; install it with: pip install 'halluc[openai]'"
            ) from None
        return OpenAIMLLM(name, TIMEOUT if timeout is None else timeout)
    if name.partition("+")[0] != "tabletop" and not name.startswith("hf:"):
        raise ModelError(f"there is no model {name!r}; name it {NAMES}")

    from halluc.mllm.checkpoint import find_checkpoint

    checkpoint = find_checkpoint(name)  # before torch is imported: a wrong name is told at once
    try:
        from halluc.mllm.loading import one_line
        from halluc.mllm.transformers import TransformersMLLM
    except ImportError as error:
        raise ModelError(
            f"running {name} needs {error.name}; install it with: pip install 'halluc[models]'"
        ) from None
    template = None if chat_template is None else _read_text(chat_template)
    with one_line(checkpoint):
        return TransformersMLLM(
            checkpoint,
            dtype=dtype,
            device=device,
            trust_remote_code=trust_remote_code,
            chat_template=template,
            fit=fit,
        )


def _read_text(file: Path) -> str:
    try:
        check_plain(file)
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        what = reason(error) if isinstance(error, OSError) else "no UTF-8 text"
        raise InputError(what, file) from None


def load_detector(name: str, device: str = "auto") -> BoxDetector:
    """Make ready a detector of objects; weights are read when it is first asked.

    Args:
        name: ``detector:ORG/NAME`` or ``detector:./folder``.
        device: as for `load_model`.

    Raises:
        ModelError: no such detector.
    """
    try:
        from halluc.mllm.boxes import BoxDetector
    except ImportError as error:
        raise ModelError(
            f"running {name} needs {error.name}; install it with: pip install 'halluc[models]'"
        ) from None
    return BoxDetector(name, device=device)
