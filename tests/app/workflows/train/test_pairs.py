"""Published pairs find their pictures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from checkpoints import picture

from app.workflows.train.pairs import load_pairs, read_training_pairs
from halluc.errors import InputError
from mitigation.precorrection.pairs import make_pair, write_pairs


def test_ha_dpos_pictures_are_found_in_both_parts_of_visual_genome(tmp_path):
    rows = [
        {"image_id": id, "question": "What is it?", "chosen": "a dog", "reject": "a cat"}
        for id in (1, 2, 3)
    ]
    (tmp_path / "pope_data.json").write_text(json.dumps(rows))
    for part, id in (("VG_100K", 1), ("VG_100K_2", 2)):
        (tmp_path / part).mkdir()
        picture(id, 40 + id).save(tmp_path / part / f"{id}.jpg")
    splits, open_image, data = read_training_pairs(tmp_path / "pope_data.json", tmp_path)
    one, two, lost = splits["train"]
    assert [open_image(pair).size for pair in (one, two)] == [
        picture(id, 40 + id).size for id in (1, 2)
    ]
    assert data["pairs"]["rows"] == 3
    with pytest.raises(InputError, match=r"3\.jpg"):
        open_image(lost)


def test_what_datasets_saved_and_the_hub_are_read(tmp_path, monkeypatch):
    import datasets

    def said(role, text):
        return [{"role": role, "content": text}]

    rows = [
        {
            "images": [picture(n, 40 + n)],
            "prompt": said("user", "What is it?"),
            "chosen": said("assistant", f"a dog {n}"),
            "rejected": said("assistant", "a cat"),
        }
        for n in range(3)
    ]
    features = datasets.Features({
        "images": datasets.List(datasets.Image()),
        **{n: [{"role": datasets.Value("string"), "content": datasets.Value("string")}]
           for n in ("prompt", "chosen", "rejected")},
    })  # fmt: skip
    made = datasets.Dataset.from_list(rows, features=features)
    made.save_to_disk(tmp_path / "saved")
    asked = []

    def hub(name, split):
        asked.append((name, split))
        if name == "me/none":
            raise ConnectionError("no such\nrepository")
        return made

    monkeypatch.setattr(datasets, "load_dataset", hub)
    for place in (tmp_path / "saved", Path("hub:me/pairs"), Path("hub:me/pairs:test")):
        splits, open_image, data = read_training_pairs(place, tmp_path / "pictures")
        assert [each.chosen for each in splits["train"]] == ["a dog 0", "a dog 1", "a dog 2"]
        assert [open_image(each).size for each in splits["train"]] == [
            picture(n, 40 + n).size for n in range(3)
        ]
        assert data["pairs"]["name"] == str(place)
    assert asked == [("me/pairs", "train"), ("me/pairs", "test")]
    with pytest.raises(InputError, match=r"hub:me/none cannot be had by datasets.*no such repo"):
        read_training_pairs(Path("hub:me/none"), tmp_path)
    with pytest.raises(InputError, match="give --images"):
        read_training_pairs(Path("hub:me/pairs"), None)

    loaded = load_pairs(tmp_path / "saved", tmp_path / "pictures")["train"]
    assert loaded[1]["images"][0].size == picture(1, 41).size
    assert loaded[1]["chosen"] == said("assistant", "a dog 1")
    assert loaded["id"][:] == [each.id for each in splits["train"]]


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_script_of_ones_own_trains_on_pairs_and_is_watched(tmp_path):
    """TRL as it is, on the embedded model."""
    from peft import LoraConfig
    from trl import DPOConfig, DPOTrainer

    import halluc

    pairs = [
        make_pair(f"{n}", f"broken-{10_000 + n}", "Describe it.", "There is a cup.", "A red dog.")
        for n in range(2)
    ]
    write_pairs(tmp_path / "pairs", pairs, {"data": "tabletop"}, 0)
    mllm = halluc.load_model("tabletop", device="cpu")
    before = halluc.generate(
        mllm, "tabletop:broken:0-1", tmp_path / "before", task="pope", max_new_tokens=2, limit=6
    )
    watch = halluc.EvalCallback(mllm, [before.path], tmp_path / "mine", every=1)
    trainer = DPOTrainer(
        mllm.model,
        args=DPOConfig(
            str(tmp_path / "mine"), max_length=None, max_steps=1, per_device_train_batch_size=2,
            remove_unused_columns=False, use_cpu=True, report_to="none", save_strategy="no",
            dataloader_pin_memory=False, disable_tqdm=True, bf16=False,
        ),
        train_dataset=halluc.load_pairs(tmp_path / "pairs")["train"],
        processing_class=mllm.processor,
        peft_config=LoraConfig(target_modules=["q_proj"], task_type="CAUSAL_LM"),
        callbacks=[watch],
    )  # fmt: skip
    trainer.train()
    assert watch.best == 1
    assert 0 <= watch.figures[1]["questions"]["POPE recall"] <= 1
    assert (tmp_path / "mine" / "best" / "adapter_model.safetensors").is_file()
    assert len(halluc.read_run(tmp_path / "mine" / "eval" / "questions-1").responses) == 6
