"""Programs that tests start in an environment of their own."""

import os
from collections.abc import Mapping
from types import MappingProxyType

BARE: Mapping[str, str] = MappingProxyType(
    {name: os.environ[name] for name in ("PATH", "PYTHON_GIL") if name in os.environ}
)
"""What a program needs of ours: where other programs are, and whether the interpreter has a GIL although a package of
somebody else's wants it; to turn it on is a warning, and thereby an error."""
