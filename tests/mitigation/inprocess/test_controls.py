"""The combiners as pure functions, and the bias that is fitted."""

from __future__ import annotations

import math
import random
import subprocess
import sys

import pytest
import torch

from halluc.errors import InputError
from halluc.plugins import plugins
from mitigation.inprocess import make_decoding
from mitigation.inprocess.eos_bias import fit_eos_bias, hasten
from mitigation.inprocess.icd import ICD
from mitigation.inprocess.logits import plausible
from mitigation.inprocess.m3id import combine as m3id
from mitigation.inprocess.mask_only import MaskOnly, mask
from mitigation.inprocess.vcd import combine as vcd
from mitigation.inprocess.yes_bias import fit_yes_bias

LOGITS = torch.tensor([[[2.0, 1.0, -1.0]], [[1.0, 2.0, 0.0]]])


def test_the_contrast_by_hand() -> None:
    # .1 of the likeliest: log .1 = −2.30 below 2, so −1 is out
    assert vcd(LOGITS, 0, alpha=1, beta=0.1).tolist() == [[3.0, 0.0, -math.inf]]
    assert vcd(LOGITS, 5, alpha=0.5, beta=0).tolist() == [[2.5, 0.5, -1.5]]
    assert mask(LOGITS[:1], 0, beta=0.5).tolist() == [[2.0, -math.inf, -math.inf]]
    assert m3id(LOGITS, 0, lambda_=0.02, beta=0).tolist() == LOGITS[0].tolist()
    weight = (1 - math.exp(-1)) / math.exp(-1)
    expected = LOGITS[0] + weight * (LOGITS[0] - LOGITS[1])
    torch.testing.assert_close(m3id(LOGITS, 50, lambda_=0.02, beta=0), expected)
    assert m3id(LOGITS, 10**6, lambda_=0.02, beta=0).isfinite().all()


def test_the_mask_keeps_the_likeliest_and_at_1_nothing_else() -> None:
    scores = torch.randn(4, 50)
    assert plausible(scores, scores, 0.0) is scores
    only = plausible(scores, scores, 1.0)
    assert only.isfinite().sum(1).tolist() == [1] * 4
    assert torch.equal(only.argmax(1), scores.argmax(1))


@pytest.mark.parametrize("do_sample", [False, True])
@pytest.mark.parametrize("ratio", [0.0, 0.1, 0.37, 0.5, 0.9, 1.0])
def test_the_fitted_bias_reaches_the_ratio(do_sample: bool, ratio: float) -> None:
    rng = random.Random(0)
    answers = []
    for _ in range(200):
        said = rng.uniform(0.5, 1)
        yes = said / (1 + math.exp(-rng.gauss(-1, 2)))
        answers.append({"yes": yes, "no": said - yes})
    bias = fit_yes_bias(answers, ratio, do_sample=do_sample)
    odds = [math.log(each["yes"] / each["no"]) + bias for each in answers]
    if do_sample:
        share = sum(1 / (1 + math.exp(-each)) for each in odds) / 200
    else:
        share = sum(each > 0 for each in odds) / 200
    assert share == pytest.approx(ratio, abs=0.004)


def test_the_constant_is_on_the_stop_tokens_alone() -> None:
    assert hasten(LOGITS[:1], 7, tokens=[0, 2], bias=-1.5).tolist() == [[0.5, 1.0, -2.5]]


@pytest.mark.parametrize("wanted", [3.0, 12.0, 29.8, 30.0, 44.0, 200.0])
def test_the_bias_to_the_end_is_found_where_lengths_come_in_steps(wanted: float) -> None:
    tried = []

    def length(bias: float) -> float:  # a quarter of a word at a time, never above 60
        tried.append(bias)
        return min(60.0, round(4 * 30 * math.exp(-bias / 2)) / 4)

    bias, reached = fit_eos_bias(length, wanted)
    assert reached == length(bias)
    if wanted > 60:
        assert reached == 60.0
    else:
        assert reached == pytest.approx(wanted, rel=0.02)
    assert len(tried) <= 15


def test_what_cannot_be_fitted() -> None:
    with pytest.raises(InputError, match="no answers"):
        fit_yes_bias([], 0.5, do_sample=False)
    with pytest.raises(InputError, match="no probability of yes or no"):
        fit_yes_bias([{"yes": 0.0, "no": 0.0}], 0.5, do_sample=False)
    assert abs(fit_yes_bias([{"yes": 0.0, "no": 0.5}], 1.0, do_sample=False)) < 100


def test_refusals() -> None:
    with pytest.raises(InputError, match="add --do-sample"):
        MaskOnly()
    with pytest.raises(InputError, match="disturbance must not be empty"):
        ICD(disturbance=" ")
    with pytest.raises(InputError, match="lambda must be at least 0, not -1"):
        make_decoding("m3id", {}, {"lambda_": -1.0})
    with pytest.raises(InputError, match="--alpha belongs to a method; name it with --decode"):
        make_decoding(None, {}, {"alpha": 1.0})
    with pytest.raises(
        InputError,
        match="--noise-step does not belong to --decode icd, which takes --alpha, --beta",
    ):
        make_decoding("icd", {}, {"noise_step": 3})


@pytest.mark.parametrize("method", plugins("decodings"))
def test_every_method_says_its_values(method: str) -> None:
    import msgspec

    decoding = make_decoding(method, {"do_sample": True, "seed": 4}, {})
    card = msgspec.to_builtins(decoding)
    assert card["method"] == method and card["seed"] == 4
    said = {each for each in decoding.__struct_fields__ if getattr(decoding, each) != msgspec.UNSET}
    assert card.keys() - {"method"} == said


def test_options_of_all_methods_are_known_without_torch() -> None:
    code = "import sys; from halluc.plugins import plugins; "
    code += "from mitigation.inprocess import own_options;"
    code += "print({n: [o.flag for o in own_options(n)] for n in plugins('decodings')});"
    code += "sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "'vcd': ['--alpha', '--beta', '--noise-step']" in done.stdout
