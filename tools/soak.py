"""Load a JACK server of its own for long, and print what became of it.

    python tools/soak.py [PART ...]

The parts are the long forms of what tests/robust/test_load.py and others of
its folder do; without arguments all of them run, about half an hour in all.
"""

import pathlib
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / 'tests'))

import servers  # noqa: E402

#: What is run: module, arguments, and options of the server.
PARTS = {
    'threads': (
        ['load', 'threads', 60], {'blocksize': 64}),
    'threads-sync': (
        ['load', 'threads', 60], {'blocksize': 64, 'mode': 'sync'}),
    'switches': (['load', 'switches', 60], {}),
    'crowd': (['crowd', 60], {}),
    'ports': (['load', 'ports', 1500], {}),
    'port-limit': (['load', 'port-limit'], {}),
    'client-limit': (['load', 'client-limit'], {}),
    'vanishing': (['load', 'vanishing', 60], {}),
    'churn': (['load', 'churn', 1000], {}),
    'churn-sync': (['load', 'churn', 1000], {'mode': 'sync'}),
    'graph': (['graph', 500], {'mode': 'sync'}),
    'rings': (['rings', 5000], {}),
    # The cycles of 24 hours at 48 kHz.
    'cycles': (['load', 'cycles', 16_200_000], {'mode': 'sync'}),
}


def run(name):
    """Run one part in a process of its own; returns whether it went well."""
    (module, *arguments), options = PARTS[name]
    code = f"""
    import runpy
    runpy.run_module('tests.robust.{module}', run_name='__main__',
                     alter_sys=True)
    """
    print(f'{name}:', flush=True)
    begin = time.monotonic()
    with servers.Jack2(**options) as server:
        child = server.popen(
            servers.python_command(code, *arguments),
            env=servers.python_env(server.env),
            stdout=None,
            stderr=None,
        )
        status = child.wait()
        well = status == 0 and server.alive()
    outcome = 'well' if well else f'FAILED ({status})'
    print(f'{name}: {outcome} after {time.monotonic() - begin:.0f} s\n',
          flush=True)
    return well


def main(names):
    unknown = set(names) - set(PARTS)
    if unknown:
        sys.exit(f'There are {", ".join(PARTS)}; not {", ".join(unknown)}')
    # All parts are run, whatever becomes of the first ones.
    failed = [name for name in names or PARTS if not run(name)]
    if failed:
        sys.exit(f'Failed: {", ".join(failed)}')


if __name__ == '__main__':
    main(sys.argv[1:])
