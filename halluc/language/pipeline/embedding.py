"""The parser's word vectors, each different word of a batch computed once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from thinc.api import Model
    from thinc.types import Ragged

_MIX = np.uint64(0x9E3779B97F4A7C15)


def embed_once(embed: Model[Any, Any]) -> None:
    """Have an embedding compute each different word of a batch once; captions repeat most.

    A word's vector hangs on its own features alone, so the vectors are the same. For prediction
    only: nothing is learned through it.

    Args:
        embed: spaCy's MultiHashEmbed, changed in place.
    """
    from thinc.api import Model

    hashed, mixed = embed.layers[2:4]  # the others turn documents into rows of features and back

    def forward(model: Model[Any, Any], rows: Ragged, is_train: bool) -> tuple[Ragged, None]:
        from thinc.types import Ragged

        once, places = _different(rows.data)
        lengths: Any = np.array([len(once)], dtype=rows.lengths.dtype)
        vectors = mixed.predict(hashed.predict(Ragged(once, lengths)))
        return Ragged(vectors.data[places], rows.lengths), None

    embed.layers[2:4] = [Model("embed_once", forward)]


def _different(rows: Any) -> tuple[Any, Any]:
    """The different rows of whole numbers (words by features), and which of them each row is."""
    keys = np.zeros(len(rows), dtype=np.uint64)
    for column in rows.T:
        keys = (keys ^ column) * _MIX  # modulo 2**64
    _, first, places = np.unique(keys, return_index=True, return_inverse=True)
    once = rows[first]
    if not np.array_equal(once[places], rows):  # two rows with the same key
        return rows, np.arange(len(rows))
    return once, places
