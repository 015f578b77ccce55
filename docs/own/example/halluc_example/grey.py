"""Grey: contrast with the logits of the picture without its colors."""

from dataclasses import replace
from functools import partial
from typing import Annotated

from msgspec import Meta

from mitigation.inprocess.contrastive import Contrastive, require_pictures
from mitigation.inprocess.logits import contrast, plausible


class Grey(Contrastive, frozen=True, kw_only=True, tag_field="method", tag="grey"):
    """Contrastive decoding: z = (1 + α) · l(picture) − α · l(grey picture)."""

    title = "Grey"
    summary = "Contrast with the logits of the picture in grey."
    controls = ("mask-only",)

    alpha: Annotated[float, Meta(ge=0, description="weight of the contrast")] = 1.0
    beta: Annotated[float, Meta(ge=0, le=1, description="plausibility constraint")] = 0.1

    def branches(self, model, requests):
        """The pictures as they are, and grey."""
        require_pictures("grey", requests)
        grey = [replace(each, image=each.image.convert("L").convert("RGB")) for each in requests]
        return [model.process(requests), model.process(grey)]

    def combiner(self, model):
        """From the logits of both branches to those that tokens are picked from."""
        return partial(combine, alpha=self.alpha, beta=self.beta)


def combine(logits, step, *, alpha, beta):
    """The formula above; −∞ for tokens that the undisturbed model finds implausible."""
    clean, grey = logits
    return plausible(contrast(clean, grey, alpha), clean, beta)
