#!/usr/bin/env python3
"""Show the metadata of clients and ports, and every change of them.

Needs nothing but the jack module.  It also describes itself: programs that
show the graph can then use its pretty names.  Run it with::

    python3 metadata.py [clientname]
"""

import argparse
import contextlib
import queue
import sys

import jack

CHANGES = {
    jack.PROPERTY_CREATED: 'created',
    jack.PROPERTY_CHANGED: 'changed',
    jack.PROPERTY_DELETED: 'deleted',
}


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('clientname', nargs='?', default='metadata')
    return parser.parse_args()


def main():
    args = parse_args()
    try:
        client = jack.Client(args.clientname)
    except jack.JackOpenError as e:
        sys.exit(str(e))
    port = client.inports.register('input')
    changes = queue.SimpleQueue()  # None ends it

    @client.set_property_change_callback
    def property_change(subject, key, change):
        # The value is not told, and to ask for it has to wait until later.
        changes.put((subject, key, change))

    client.set_shutdown_callback(lambda status, reason: changes.put(None))

    with contextlib.suppress(KeyboardInterrupt), client:
        for subject, properties in jack.get_all_properties().items():
            for key, (value, mimetype) in properties.items():
                print(f'{subject:#x} {key}: {value!r} {mimetype}', flush=True)
        client.set_property(client, jack.METADATA_PRETTY_NAME, 'Metadata!')
        client.set_property(port, jack.METADATA_PRETTY_NAME, 'Any sound')
        # Numbers are text with a type, for whoever cares about the type.
        client.set_property(port, jack.METADATA_ORDER, '1', 'xsd:integer')
        try:
            for subject, key, change in iter(changes.get, None):
                value = jack.get_property(subject, key) if key else None
                what = CHANGES[change]
                print(f'{subject:#x} {key} {what}: {value}', flush=True)
        except KeyboardInterrupt:
            # Properties outlive what they describe, if nobody removes them.
            client.remove_properties(port)
            client.remove_properties(client)
    return 0


if __name__ == '__main__':
    sys.exit(main())
