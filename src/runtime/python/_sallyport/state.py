# SPDX-License-Identifier: MIT
"""What this process knows of itself as a session. Every other module keeps constants only."""
from _signal import default_int_handler


class State:
    def __init__(self):
        self.pid = 0  # of the session; a child that user code forked has another one
        self.module = None  # the __main__ of the cells
        self.shown = None  # what the running cell shows so far
        self.cells = {}  # file name of a cell to its number
        self.future = 0  # compiler flags of the `from __future__` lines so far
        self.shell = None  # IPython's
        self.module_names = {}  # those that the shell works on; next: its histories
        self.inputs, self.inputs_raw, self.values = [], [], {}
        self.magics = {}  # its line magics by name
        self.hosts, self.hosts_more = {}, 0  # (host, port) to how often the running cell named it; more than fit
        self.formatting = False  # a value is: what fails then is not the cell
        self.loop = None  # the one event loop of the session
        self.loop_used = False  # something may be waiting in it between cells
        self.stdout = self.stderr = None  # ours, whatever sys.stdout is by now
        self.on_interrupt = default_int_handler  # what user code made of SIGINT
        self.interrupts = [0]  # that the init has handed on; in a session, its own count
        self.interrupts_seen = 0


state = State()
