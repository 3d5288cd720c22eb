"""What the servers cannot do: the one table of it.

A test that is marked with ``@pytest.mark.needs('some feature')`` is expected
to fail on the servers which lack the feature, and has to do so: one that
passes is reported as a failure, since the table is wrong then.  Where a test
can tell what happens instead, it asks the fixture ``lacks('some feature')``.

The documentation's page "Servers compared" shows the same table.
"""

import typing

JACK_1 = ('jack1',)
PIPEWIRE = ('pipewire', 'pipewire-new')
NOT_JACK_2 = JACK_1 + PIPEWIRE


class Lack(typing.NamedTuple):
    """A feature which some servers lack.

    *reason* is what their users see instead, in reST.  It *can be tried*
    unless the server or libjack crashes or hangs with it.
    """

    servers: tuple
    feature: str
    reason: str
    can_be_tried: bool = True


LACKS = [
    Lack(
        NOT_JACK_2,
        'notification of renamed ports',
        '`Client.set_port_rename_callback` is accepted, and the function is '
        'never called.',
    ),
]

FEATURES = {lack.feature for lack in LACKS}


def lack(kind, feature):
    """The row that says so, if this kind of server lacks the feature."""
    if feature not in FEATURES:
        raise ValueError(f'tests/features.py does not know {feature!r}')
    for row in LACKS:
        if row.feature == feature and kind in row.servers:
            return row
    return None
