#!/usr/bin/env python3
"""List the aliases of ports, or give a port an alias, or take it away.

Needs nothing but the jack module.  Run it with::

    python3 aliases.py                      list all ports with their aliases
    python3 aliases.py PORT ALIAS           set an alias
    python3 aliases.py --unset PORT ALIAS   remove it again

A port has room for two aliases; every program sees the same.
"""

import argparse
import contextlib
import sys

import jack


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('port', nargs='?')
    parser.add_argument('alias', nargs='?')
    parser.add_argument('-u', '--unset', action='store_true')
    args = parser.parse_args()
    if args.port and not args.alias:
        parser.error('PORT and ALIAS belong together')
    return args


def main():
    args = parse_args()
    try:
        client = jack.Client('aliases')
    except jack.JackOpenError as e:
        sys.exit(str(e))
    # To ask the server, a client need not be active: so there is no "with
    # client" here, which would activate it.
    with contextlib.closing(client):
        if args.port is None:
            for port in client.get_ports():
                print(port.name, *port.aliases, sep='\n    ')
            return 0
        try:
            # The name may be an alias as well, here and wherever else JACK
            # asks for the name of a port.
            port = client.get_port_by_name(args.port)
            if args.unset:
                port.unset_alias(args.alias)
            else:
                port.set_alias(args.alias)
        except jack.JackError as e:
            sys.exit(str(e))
    return 0


if __name__ == '__main__':
    sys.exit(main())
