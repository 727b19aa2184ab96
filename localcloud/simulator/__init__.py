"""A provider to test against: a real HTTP server that edits videos, bills, forgets and fails like the real one."""

from __future__ import annotations

from localcloud.simulator.client import Simulator, SimulatorFailed, start_simulator

__all__ = ["Simulator", "SimulatorFailed", "start_simulator"]
