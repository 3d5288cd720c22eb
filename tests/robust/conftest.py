"""What the tests of abuse share: child processes."""

import pytest


@pytest.fixture
def run_module(run_python, tmp_path):
    """Return a function that runs one of this folder's modules.

    It takes the name, arguments, and the options of ``run_python``.
    """

    def run(name, *args, **options):
        __tracebackhide__ = True
        code = f"""
        import runpy
        runpy.run_module('tests.robust.{name}', run_name='__main__',
                         alter_sys=True)
        """
        try:
            return run_python(code, *args, **options)
        except AssertionError as error:
            progress = tmp_path / 'progress'
            if not progress.exists():
                raise
            last = progress.read_text().rpartition('\n')[0][-1000:]
            raise AssertionError(f'{error}\nIts last steps:\n{last}') from None

    return run
