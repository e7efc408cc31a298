"""The versions of krasserm/perceiver-io side by side: their code is imported from folders, one version at a time."""

import contextlib
import importlib.abc
import importlib.machinery
import sys
import types

# Loaded whole while what it looks for is truly absent.
import transformers.modeling_utils  # noqa: F401

# What perceiver-io imports for training and for its data sets, and no model computes with.
ABSENT = {"cv2", "datasets", "fairscale", "jsonargparse", "pretty_midi", "pytorch_lightning", "requests", "torchmetrics",
          "torchvision"}


class Absent(types.ModuleType):
    """A package that is not there: each of its names is an empty class."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {"__init__": lambda self, *_, **__: None})


class AbsentFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in ABSENT:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        return Absent(spec.name)

    def exec_module(self, module):
        pass


@contextlib.contextmanager
def version(folder):
    """The package `perceiver` in `folder` can be imported; afterwards no trace of it is left."""
    finder = AbsentFinder()
    sys.meta_path.insert(0, finder)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        sys.path.remove(str(folder))
        for name, module in list(sys.modules.items()):
            if isinstance(module, Absent) or name.split(".")[0] == "perceiver":
                del sys.modules[name]
