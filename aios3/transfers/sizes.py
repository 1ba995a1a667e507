"""How large the parts of an object are, so that they are neither too many nor too small.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
"""

from __future__ import annotations

from ..errors import InvalidInput
from ..protocol.dialects import Dialect

PART_SIZE = 8 * 1024**2
MAX_PART = 5 * 1024**3
# Of unknown length: after this many parts they double, so that 10,000 of 8 MiB hold 8 TiB.
_DOUBLE_AFTER = 1000


class PartSizes:
    """The size of each part of one object.

    Args:
        length: Bytes of the object; None where nobody knows.
        asked: Bytes of a part; larger where the length needs that.
    Raises:
        InvalidInput: no part may have this size, or no object this length.
    """

    def __init__(self, length: int | None, asked: int, dialect: Dialect) -> None:
        if isinstance(asked, bool) or not isinstance(asked, int) or not dialect.min_part <= asked <= MAX_PART:
            raise InvalidInput(f"part_size must be {dialect.min_part} bytes to {MAX_PART}, not {asked!r}")
        self.most = dialect.max_parts
        self.first = asked if length is None else max(asked, -(-length // self.most))
        if self.first > MAX_PART:
            raise InvalidInput(f"{length} bytes are more than {self.most} parts of {MAX_PART} hold")
        self._grows = length is None and not dialect.equal_parts

    def of(self, number: int) -> int:
        """Return the size of part *number*, counted from 1."""
        if not self._grows:
            return self.first
        return min(self.first << (number - 1) // _DOUBLE_AFTER, MAX_PART)
