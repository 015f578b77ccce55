import copy
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file
from transformers import LlavaForConditionalGeneration

from halluc.tabletop import fitting
from halluc.tabletop.examples import Batch, Examples
from halluc.tabletop.fitting import curve
from halluc.tabletop.packing import pack_weights
from halluc.tabletop.recipe import Recipe, Stage
from halluc.tabletop.training import train_tabletop

TINY = Recipe(
    encoder=Stage(2, 4, 1e-3),
    copying=Stage(1, 2, 1e-3),
    backbone=Stage(2, 2, 1e-3),
    projector=Stage(1, 2, 1e-3),
    instructions=Stage(4, 2, 1e-3),
    sharpening=Stage(2, 4, 1e-3),
    fluency=Stage(2, 2, 1e-3),
    answers=Stage(2, 2, 1e-3),
    scenes=8,
)


class Watch:
    """Remembers the progress; stops the training where it is told to."""

    def __init__(self, stop_at=None):
        self.stop_at, self.steps, self.begun = stop_at, {}, {}

    def start(self, stage, total, done):
        self.steps[stage] = self.begun[stage] = done

    def advance(self, stage, count, loss):
        self.steps[stage] += count
        if (stage, self.steps[stage]) == self.stop_at:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    work = tmp_path_factory.mktemp("whole")
    watch = Watch()
    model, processor = train_tabletop(work, TINY, "cpu", watch)
    return model, processor, work, watch


def test_the_stages_come_in_their_order(trained):
    _, _, work, watch = trained
    stages = [
        "encoder", "copying", "backbone", "projector",
        "instructions", "sharpening", "fluency", "answers",
    ]  # fmt: skip
    assert [stage for stage in watch.steps if stage in stages] == stages
    assert [line["stage"] for line in curve(work / "curves.jsonl")] == stages


def test_the_conversation_form_is_the_one_that_was_trained_on(trained):
    _, processor, _, _ = trained
    content = [{"type": "image"}, {"type": "text", "text": "Is there a cup in the image?"}]
    messages = [{"role": "user", "content": content}]
    prompt = processor.apply_chat_template(messages, add_generation_prompt=True)
    assert prompt == "USER: <image>\nIs there a cup in the image? ASSISTANT:"
    examples = Examples(TINY)
    examples.tokenizer = processor.tokenizer
    ids, labels = examples._encode([("Is there a cup in the image?", "Yes")], image=True)
    assert processor.tokenizer.decode(ids) == prompt.replace("<image>", "<image>" * 64) + " Yes</s>"
    learned = [token for token in labels if token != -100]
    assert processor.tokenizer.decode(learned) == " Yes</s>"


@pytest.mark.parametrize("stop_at", [("encoder", 1), ("instructions", 3), ("fluency", 2)])
def test_a_stopped_training_goes_on_to_the_same_model(trained, tmp_path, monkeypatch, stop_at):
    monkeypatch.setattr(fitting, "SAVE_EVERY", 1)
    with pytest.raises(KeyboardInterrupt):
        train_tabletop(tmp_path, TINY, "cpu", Watch(stop_at))
    watch = Watch()
    again, _ = train_tabletop(tmp_path, TINY, "cpu", watch)
    assert watch.begun[stop_at[0]] == stop_at[1] - 1  # the step it was stopped in is done again
    for one, other in zip(trained[0].parameters(), again.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_a_recipe_can_be_scaled():
    shorter = Recipe().scaled(0.5)
    assert shorter.instructions.steps == Recipe().instructions.steps // 2
    assert shorter.instructions.batch == Recipe().instructions.batch
    assert Recipe().scaled(2).scenes == Recipe().scenes
    assert replace(Recipe(), seed=3).scaled(0.1).seed == 3


def test_what_would_repeat_a_pair_of_tokens_of_the_same_answer():
    labels = torch.tensor(
        [
            [-100, -100, 5, 6, 7, 5, 6, 8, 5, 9, -100, 5, 6],  # after 6 comes 8, after 5 comes 9
            [-100, 1, 2, 3, 1, 2, 3, -100, -100, -100, -100, -100, -100],  # said again, rightly
        ]
    )
    assert Batch([], labels, labels).repetitions().tolist() == [[5, 7], [7, 6]]


def test_weights_of_a_byte_are_loaded_as_others_are(trained, tmp_path):
    copy.deepcopy(trained[0]).half().save_pretrained(tmp_path)
    path = tmp_path / "model.safetensors"
    before, size = load_file(path), path.stat().st_size
    pack_weights(path)
    assert path.stat().st_size < 0.52 * size
    loaded = LlavaForConditionalGeneration.from_pretrained(tmp_path, dtype=torch.float32)
    assert next(LlavaForConditionalGeneration.from_pretrained(tmp_path).parameters()).dtype == (
        torch.float16
    )
    for name, value in loaded.state_dict().items():
        if name in before:
            error = (value - before[name].float()).norm() / before[name].float().norm()
            assert error < (0.06 if value.ndim > 1 else 1e-6), name
