"""Sowing a fault in the engine, for the machine to find.

A fault is a piece of a function's source and what stands there instead. One whose
piece is gone from the code fails loudly: then it has to be thought of anew.
"""

import inspect
import sys
import textwrap
from dataclasses import dataclass
from types import ModuleType


@dataclass(frozen=True)
class Fault:
    """One wrong piece of code. where: the module and the function or Class.method in it."""

    name: str
    module: ModuleType
    where: str
    right: str
    wrong: str

    def sow(self, monkeypatch) -> None:
        """Put the wrong piece into the running program, wherever the name was imported to."""
        *outer, name = self.where.split(".")
        owner = getattr(self.module, outer[0]) if outer else self.module
        found = getattr(owner, name)
        source = textwrap.dedent(inspect.getsource(inspect.unwrap(found)))
        assert source.count(self.right) == 1, f"{self.where} no longer has: {self.right}"
        names = {}
        exec(source.replace(self.right, self.wrong), vars(self.module), names)
        for place in {owner, *_importers(found, name)}:
            monkeypatch.setattr(place, name, names[name])


def _importers(found, name):
    modules = [m for label, m in sys.modules.items() if label.startswith("approvals.")]
    return [module for module in modules if vars(module).get(name) is found]
