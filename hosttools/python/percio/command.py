"""The console scripts: each prints one sentence and exits with 2 when it is used wrongly or something it needs is missing."""

import importlib
import sys


def run(command, module):
    """Call `module.main()`; a package that is missing or a mistake of the user becomes a sentence."""
    try:
        importlib.import_module(module).main()
    except ModuleNotFoundError as error:
        top = (error.name or "").split(".")[0]
        if top in ("", "percio"):
            raise
        extra = {"torch": "torch", "transformers": "huggingface", "PIL": "flow"}.get(top)
        remedy = f"pip install 'percio[{extra}]' (from the repository: './hosttools/python[{extra}]')" if extra else f"pip install {top}"
        fail(command, f"the package {top} is not installed: {remedy}")
    except (ValueError, OSError) as error:
        fail(command, error)


def fail(command, error):
    print(f"{command}: {error}", file=sys.stderr)
    sys.exit(2)


def export():
    run("percio-export", "percio.export")


def reference():
    run("percio-reference", "percio.reference")


def train():
    run("percio-train", "percio.train.main")


def data():
    run("percio-data", "percio.data.main")
