"""Models that do not fit the role that they are given."""

import pytest

from halluc.errors import ModelError
from mitigation.postcorrection.roles import require_revisor, require_yes_or_no


def test_who_answers_neither_yes_nor_no():
    with pytest.raises(ModelError, match=r"probability of 0\.020 only"):
        require_yes_or_no([{"yes": 0.01, "no": 0.01}] * 4)
    require_yes_or_no([{"yes": 0.01, "no": 0.01}] * 3)  # too few to tell
    require_yes_or_no([{"yes": 0.01, "no": 0.01}] * 3 + [{"yes": 0.9, "no": 0.1}])


def test_who_writes_another_text():
    caption = "A dog sits on a red chair beside the table."
    with pytest.raises(ModelError, match="halluc train lure"):
        require_revisor([(caption, "qx qx yes zz")] * 4)
    require_revisor([(caption, "qx qx yes zz")] * 3 + [(caption, caption)])
    require_revisor([(caption, "A dog sits on a chair.")] * 4)
