"""TRL's SFTTrainer with two losses of the papers: HACL's contrast and selective end tokens.

Selective EOS supervision (Yue et al., "Less is More: Mitigating Multimodal Hallucination from an
EOS Decision Perspective", ACL 2024, arXiv:2402.14545): where the label is no end token, end tokens
are left out of the softmax, so that a model is never taught not to stop:

    − log [ e^(z_y) / Σ_(k is no end token) e^(z_k) ]

Where the label is the end token, the loss is as always. It teaches shorter answers: a control of
what length alone does.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from trl import SFTTrainer

from mitigation.precorrection.hacl import Heads, contrast, embed, states
from mitigation.precorrection.order import KeepsOrder

if TYPE_CHECKING:
    from halluc.mllm.transformers import TransformersMLLM


class AnswerTrainer(KeepsOrder, SFTTrainer):  # type: ignore[misc]
    """Trains on answers, perhaps with HACL's contrast beside them.

    Args:
        weight: w of the contrast; 0: none, and batches need nothing for it.
        seed: of the heads.
        settings: TRL's.
    """

    def __init__(self, *, weight: float = 0.0, seed: int = 0, **settings: Any) -> None:
        super().__init__(**settings)
        self.weight = weight
        self.heads: Heads | None = None
        if weight:
            base = self.model.get_base_model()
            with torch.random.fork_rng(devices=[]):  # the order of examples stays what it is
                torch.manual_seed(seed)
                self.heads = Heads(base.config.get_text_config().hidden_size)
            self.heads.to(base.device)
            self.model.add_module("hacl", self.heads)  # so that the optimizer sees it

    def compute_loss(self, model: Any, inputs: Any, *given: Any, **more: Any) -> Any:
        """TRL's loss, and in training the contrast."""
        rows = inputs.pop("contrast", None)
        found = super().compute_loss(model, inputs, *given, **more)
        if rows is None or self.heads is None:
            return found
        value = self.contrast(rows)
        mode = "train" if self.model.training else "eval"
        self._metrics[mode]["contrast"].append(float(value.detach()))
        if not self.model.training:
            return found
        counted = more.get("num_items_in_batch") is not None
        steps = self.current_gradient_accumulation_steps if counted else 1
        loss, *outputs = found if isinstance(found, tuple) else (found,)
        loss = loss + self.weight * value / steps
        return (loss, *outputs) if outputs else loss

    def contrast(self, rows: dict[str, Any]) -> Tensor:
        """HACL's loss of a batch; 0 with fewer than two captions."""
        assert self.heads is not None  # noqa: S101
        base = self.model.get_base_model()
        images = embed(self.heads.image, states(base, rows["images"], rows["pictures"]))
        texts = embed(self.heads.text, states(base, rows["texts"]))
        use = rows["use"].to(images.device)
        wrong = texts[:0]
        if rows["wrong"] is not None:
            wrong = embed(self.heads.text, states(base, rows["wrong"]))
        if int(use.sum()) < 2:
            return (images.sum() + texts.sum() + wrong.sum()) * 0
        same = rows["alike"].to(images.device)[use][:, use]
        return contrast(images[use], texts[use], wrong, self.heads.tau, same)

    def leave(self, folder: Path) -> None:
        """What belongs beside the adapter."""
        if self.heads is not None:
            self.heads.write(folder)

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        super()._save(output_dir, state_dict)
        if output_dir is not None:
            self.leave(Path(output_dir))

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        super()._load_from_checkpoint(resume_from_checkpoint, model)
        if self.heads is not None and (kept := Heads.read(Path(resume_from_checkpoint))):
            self.heads.load_state_dict(kept.state_dict())


class SelectiveEnd:
    """The loss without end tokens where they are no label; TRL's ``compute_loss_func``.

    Args:
        ends: ids of all end tokens.
    """

    def __init__(self, ends: Sequence[int]) -> None:
        self.ends = list(ends)

    def __call__(
        self, outputs: Any, labels: Tensor, num_items_in_batch: Tensor | int | None = None
    ) -> Tensor:
        """Mean over the labels, or their sum over a number of items.

        Args:
            outputs: with ``logits`` (rows, length, vocabulary).
            labels: (rows, length); -100 does not count.
            num_items_in_batch: labels of the whole step.
        """
        logits, wanted = outputs.logits[:, :-1].float(), labels[:, 1:]
        ends = torch.tensor(self.ends, device=labels.device)
        other = ~torch.isin(wanted, ends)
        hidden = torch.zeros(logits.shape[-1], dtype=torch.bool, device=logits.device)
        hidden[ends] = True
        logits = logits.masked_fill(other[..., None] & hidden, float("-inf"))
        total = cross_entropy(
            logits.reshape(-1, logits.shape[-1]), wanted.reshape(-1), ignore_index=-100,
            reduction="sum",
        )  # fmt: skip
        count = (wanted != -100).sum() if num_items_in_batch is None else num_items_in_batch
        return total / torch.as_tensor(count, device=total.device).clamp(min=1)


def end_tokens(mllm: TransformersMLLM) -> list[int]:
    """All tokens that end an answer."""
    ends = mllm.model.generation_config.eos_token_id
    every = [*(ends if isinstance(ends, list) else [ends]), mllm.tokenizer.eos_token_id]
    return list(dict.fromkeys(each for each in every if each is not None))
