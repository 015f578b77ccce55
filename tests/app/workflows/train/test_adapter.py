"""Training goes on from what was saved as a whole."""

from __future__ import annotations

from app.workflows.train.adapter import last_checkpoint


def test_half_a_checkpoint_is_not_taken(tmp_path):
    assert last_checkpoint(tmp_path) is None
    for step, state in {
        5: '{"global_step": 5}',
        10: '{"loss": NaN}',  # as Python writes it
        100: '{"global_step": 1',  # killed while the trainer wrote its last file
        200: None,  # and before
    }.items():
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        (folder / "adapter_model.safetensors").write_bytes(b"")
        if state is not None:
            (folder / "trainer_state.json").write_text(state)
    assert last_checkpoint(tmp_path) == str(tmp_path / "checkpoint-10")
