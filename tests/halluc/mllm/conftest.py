from servers import server  # noqa: F401
from sharing import shared  # noqa: F401
