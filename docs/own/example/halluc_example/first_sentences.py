"""First sentences: cut a caption after so many sentences; a control for methods that shorten."""

import re
from functools import partial
from typing import Annotated

from msgspec import Meta

from mitigation.postcorrection.protocol import Prepared, Reviser
from mitigation.postcorrection.revisions import Edit, Revision


class FirstSentences(Reviser, frozen=True, kw_only=True):
    """Keep the first sentences of each caption."""

    name = "first-sentences"
    title = "First sentences"
    summary = "Cut each caption after its first sentences."

    keep: Annotated[int, Meta(ge=1, description="How many sentences stay.")] = 1

    def prepare(self, original, things, *, dtype="auto", device="auto"):
        """Nothing has to be read; the card says what was done."""
        return Prepared(partial(revise, keep=self.keep), {"method": self.name, "keep": self.keep})


def revise(responses, images, model, things, keep):
    """The revision of each caption of a batch: one edit, or the reason why there is none."""
    for each in responses:
        end = re.match(rf"(?:[^.]*\.){{{keep}}}", each.text)
        if end is None or end.end() == len(each.text):
            yield Revision(id=each.id, original=each.text, reason="it is short enough")
        else:
            cut = each.text[end.end() :]
            edit = Edit(start=end.end(), end=len(each.text), before=cut, after="", why=("length",))
            yield Revision(id=each.id, original=each.text, edits=(edit,))
