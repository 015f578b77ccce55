from app.workflows.compare import compare as compare
from app.workflows.data.pairs import make_pairs as make_pairs
from app.workflows.generate import generate as generate
from app.workflows.revise import revise as revise
from app.workflows.score import score as score
from app.workflows.train.pairs import load_pairs as load_pairs
from app.workflows.train.watch import EvalCallback as EvalCallback
from halluc.datasets.load import load_dataset as load_dataset
from halluc.mllm import load_model as load_model
from halluc.runs import read_run as read_run
from mitigation.precorrection import rewards as rewards

__version__: str
