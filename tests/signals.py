"""Test signals that come out the same in each process; needs nothing."""

import math
import random
import struct

# Values that a sum, a conversion or a comparison by value would not keep,
# and a NaN with a payload.
ODD_BYTES = struct.pack(
    '=10fI',
    0.0,
    -0.0,
    1.0,
    -1.0,
    1e-45,
    -1e-45,
    3.4028234663852886e38,
    math.inf,
    -math.inf,
    1 / 3,
    0x7FC12345,
)


def make_block(number, frames):
    """A block of floats, as bytes: its number, odd values, then noise."""
    head = struct.pack('=f', number) + ODD_BYTES
    noise = random.Random(number).randbytes(4 * frames)
    return head + noise[len(head) :]


def block_number(data):
    """The number which `make_block` has put into a block."""
    return struct.unpack_from('=f', data)[0]
