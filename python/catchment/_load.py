"""Finds a handler, and finds out how it wants to be called."""

import importlib
import importlib.util
import inspect
import os
import sys
import typing


class Handler:
    """A handler, ready to be called."""

    def __init__(self, target, owner=None):
        self.call = target
        self.kind = _kind(target)
        """"def", "generator", "async" or "async generator"."""
        self.gives = _gives(target)
        """"str", "bytes" or "dict"."""
        self.start = getattr(owner, "start", None)
        self.close = getattr(owner, "close", None)

    @property
    def is_async(self):
        return self.kind.startswith("async")


def load(name, config=None):
    """The handler `FILE.py:NAME` or `module:NAME`. NAME may have dots: `Class.method`."""
    place, colon, path = name.rpartition(":")
    if not (place and path):
        raise ValueError(f"`{name}` names no handler: write `FILE.py:NAME` or `module:NAME`")
    target = _file(place) if place.endswith(".py") else importlib.import_module(place)
    for part in path.split("."):
        if not hasattr(target, part):
            raise AttributeError(f"`{place}` has no `{path}`")
        target = getattr(target, part)
    if inspect.isclass(target):
        return _instance(target, config)
    if not callable(target):
        raise TypeError(f"`{name}` is a {type(target).__name__}: a handler is a function or a class with `process`")
    return Handler(target)


def _file(path):
    """Imports a file. What lies beside it can be imported, too."""
    path = os.path.abspath(path)
    sys.path.insert(0, os.path.dirname(path))
    name = os.path.splitext(os.path.basename(path))[0]
    # A file may have the name of a module that others need.
    if name in sys.modules or name in getattr(sys, "stdlib_module_names", ()):
        name = "handler_" + name
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _instance(target, config):
    if not callable(getattr(target, "process", None)):
        raise TypeError(f"`{target.__qualname__}` has no method `process`")
    factory = getattr(target, "from_config", None)
    owner = target() if factory is None else factory(config if config is not None else {})
    return Handler(owner.process, owner)


def _function(target):
    """What has the code: of an object that can be called its `__call__`."""
    while hasattr(target, "func") and hasattr(target, "keywords"):
        target = target.func
    return target if inspect.isroutine(target) else getattr(target, "__call__", target)


def _kind(target):
    target = _function(target)
    if inspect.isasyncgenfunction(target):
        return "async generator"
    if inspect.iscoroutinefunction(target):
        return "async"
    return "generator" if inspect.isgeneratorfunction(target) else "def"


def _gives(target):
    """What the type hint of the first parameter asks for."""
    try:
        parameters = list(_signature(target).parameters.values())
    except (TypeError, ValueError):
        return "str"
    if not parameters:
        raise TypeError("a handler takes one parameter: the line")
    hint = parameters[0].annotation
    if isinstance(hint, str):
        try:
            hint = typing.get_type_hints(_function(target)).get(parameters[0].name, hint)
        except Exception:
            pass
    if isinstance(hint, str):
        word = hint.split("[")[0].split(".")[-1].strip().lower()
        return {"bytes": "bytes", "dict": "dict", "mapping": "dict", "mutablemapping": "dict"}.get(word, "str")
    mro = getattr(typing.get_origin(hint) or hint, "__mro__", ())
    names = {kind.__name__ for kind in mro if kind.__module__ in ("builtins", "collections.abc")}
    return "bytes" if "bytes" in names else "dict" if names & {"dict", "Mapping"} else "str"


def _signature(target):
    try:
        return inspect.signature(target)
    except NameError:
        # From Python 3.14 on, a hint may name what is only there for type checkers.
        import annotationlib

        return inspect.signature(target, annotation_format=annotationlib.Format.STRING)
