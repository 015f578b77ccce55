"""The names under which tools write ids, texts, questions and right answers: the one list of them.

A row is read by the first of the names that it has; two of `ANSWERS` with different texts are
refused, since nobody can tell which one the model gave.
"""

ANSWERS = (
    *("caption", "answer", "response", "output", "prediction", "generated_text", "model_answer"),
    "ans",
)
"""Names of what a model said."""

TEXTS = (*ANSWERS, "text")
"""The same with "text", which in a row with one of the others is the question."""

IDS = ("question_id", "id", "index", "image_id", "image", "file_name")
"""Names of what a row of answers is about; of captions, `PICTURES` goes before."""

PICTURES = ("image_id", "image", "file_name", "question_id", "id", "index")

PROMPTS = ("question", "prompt", "query")
"""Names of what was asked."""

WRAPPERS = (
    *("imgToEval", "sentences", "annotations", "results", "predictions", "answers", "data"),
    *("rows", "samples"),
)
"""Names under which a JSON document holds its rows."""
