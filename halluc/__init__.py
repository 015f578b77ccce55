"""halluc: measure, inspect and correct hallucination in multimodal LLMs.

    import halluc

    run = halluc.generate("tabletop", "tabletop", "runs/vcd", decode="vcd", do_sample=True)
    halluc.score(run, "chair")
    halluc.compare(["runs/greedy", "runs/vcd"])

Each name is imported when it is first used (PEP 562), so that ``import halluc`` takes no time.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# Name → the module that has it. Only names stand here, so that no layer below imports one above.
_API = {
    "load_model": "halluc.mllm",
    "load_dataset": "halluc.datasets.load",
    "generate": "app.workflows.generate",
    "score": "app.workflows.score",
    "compare": "app.workflows.compare",
    "revise": "app.workflows.revise",
    "make_pairs": "app.workflows.data.pairs",
    "load_pairs": "app.workflows.train.pairs",
    "EvalCallback": "app.workflows.train.watch",
    "read_run": "halluc.runs",
}
# Name → the module that it is.
_MODULES = {"rewards": "mitigation.precorrection.rewards"}

__all__ = ["__version__", *_API, *_MODULES]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    """Import a name of the API."""
    if name in _MODULES:
        return import_module(_MODULES[name])
    if name not in _API:
        raise AttributeError(f"module 'halluc' has no attribute {name!r}")
    return getattr(import_module(_API[name]), name)


def __dir__() -> list[str]:
    """The API and what the module has by itself."""
    return sorted({*globals(), *__all__})
