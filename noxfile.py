"""Runs the tests with each Python and each cffi: `make test-all`.

Arguments after ``--`` are for pytest.
"""

import os
import pathlib
import shutil
import sys
import xml.etree.ElementTree

import nox

PROJECT = nox.project.load_toml('pyproject.toml')['project']
_CLASSIFIER = 'Programming Language :: Python :: 3.'
PYTHONS = [
    *(
        name.rpartition(' ')[2]
        for name in PROJECT['classifiers']
        if name.startswith(_CLASSIFIER)
    ),
    'pypy3',
]
(OLDEST_CFFI,) = (
    requirement.replace('>=', '==')
    for requirement in PROJECT['dependencies']
    if requirement.startswith('cffi')
)

nox.needs_version = '>= 2024.4.15'
# What is missing is told in the end, by name.
nox.options.error_on_missing_interpreters = False
nox.options.default_venv_backend = 'uv|virtualenv'
nox.options.reuse_venv = 'yes'

# Those of pyenv, which this Python may be one of, need not be chosen by `pyenv
# shell`.  Before its stand-ins, which fail for those that were not.
os.environ['PATH'] = os.pathsep.join(
    [
        *map(str, pathlib.Path.home().glob('.pyenv/versions/*/bin')),
        *map(str, pathlib.Path(sys.base_prefix).parent.glob('*/bin')),
        os.environ['PATH'],
    ]
)

#: What pytest has counted in each session, in words.
counted = {}


def run_tests(session, *requirements):
    session.install('-e', '.[NumPy,test]', *requirements)
    report = pathlib.Path(session.create_tmp(), 'report.xml')
    report.unlink(missing_ok=True)
    try:
        session.run('pytest', f'--junitxml={report}', *session.posargs)
    finally:
        if report.exists():
            versions = session.run(
                'python',
                '-c',
                'import cffi, platform as p; print(p.python_implementation(),'
                ' p.python_version(), "with cffi", cffi.__version__)',
                silent=True,
                log=False,
            )
            counted[session.name] = f'{versions.strip()}: {count(report)}'


def count(report):
    """Return what pytest's report counts, in words."""
    (suite,) = xml.etree.ElementTree.parse(report).getroot()
    others = {
        what: int(suite.get(what))
        for what in ('failures', 'errors', 'skipped')
    }
    passed = int(suite.get('tests')) - sum(others.values())
    return ', '.join(
        [f'{passed} passed']
        + [f'{number} {what}' for what, number in others.items() if number]
    )


@nox.session(python=PYTHONS)
def tests(session):
    """Run the tests with the newest cffi that this Python can have."""
    run_tests(session)


@nox.session(python=PYTHONS[0])
def oldest(session):
    """Run the tests with the oldest Python and the oldest cffi."""
    run_tests(session, OLDEST_CFFI)


@nox.session(venv_backend='none')
def summary(session):
    """Tell what was run and what was missing; CI needs three of them."""
    sessions = {f'tests-{python}': python for python in PYTHONS}
    for name, python in {**sessions, 'oldest': PYTHONS[0]}.items():
        program = python if python.startswith('pypy') else f'python{python}'
        print(
            f'{name:12}',
            counted.get(name)
            or ('not run' if shutil.which(program) else f'no {program} here'),
        )
    if os.environ.get('CI') and len(counted) < 3:
        session.error('CI needs three Pythons at least')
