"""Runs inside a fresh interpreter, before anything else: makes the package that came with the collector importable, so that
nothing has to be installed. It is given `payload`, the JSON object that the collector sent first."""

import importlib.abc
import importlib.util
import sys


class _Sources(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Finds the modules of the package in memory; a traceback finds their lines here, too."""

    def __init__(self, files):
        names = {name[: -len(".py")]: text for name, text in files.items()}
        self._texts = {"catchment." + name: text for name, text in names.items()}
        self._texts["catchment"] = self._texts.pop("catchment.__init__")

    def find_spec(self, name, path=None, target=None):
        if name not in self._texts:
            return None
        return importlib.util.spec_from_loader(name, self, origin="<" + name + ">")

    def is_package(self, fullname):
        return fullname == "catchment"

    def get_source(self, fullname):
        return self._texts[fullname]


sys.meta_path.insert(0, _Sources(payload["files"]))  # noqa: F821: `payload` is given
# What a handler sees as the program's name and arguments.
sys.argv = ["catchment"]
importlib.import_module("catchment." + payload["run"]).run(payload["setup"])  # noqa: F821
