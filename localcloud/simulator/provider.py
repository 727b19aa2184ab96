"""The simulated provider's state and what a generation goes through between submission and result."""

from __future__ import annotations

import random
import secrets
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from localcloud.simulator.account import Account, Charge
from localcloud.simulator.clock import Clock
from localcloud.simulator.faults import Fault, Faults
from localcloud.simulator.generations import Generation, Output, unique_tail
from localcloud.simulator.journal import Journal
from localcloud.simulator.limiter import Limiter
from localcloud.simulator.parameters import GenerationFailed
from localcloud.simulator.ranges import Servable
from localcloud.simulator.rates import estimate, mode_of, price
from localcloud.simulator.settings import Settings
from localcloud.simulator.workbench import Workbench


class Provider:
    """Everything the simulator remembers; ``lock`` guards it."""

    def __init__(self, settings: Settings, workdir: Path, cache: Path, first_faults: Sequence[Fault] = ()) -> None:
        self.lock = threading.RLock()
        self.workdir = workdir
        self.url = ""  # set once the server listens
        self._workbench = Workbench(workdir, cache)
        self._first_settings, self._first_faults = settings, first_faults
        self.generations: dict[str, Generation] = {}
        self.assets: dict[str, Servable] = {}  # uploaded files by their public names
        self.start_over()

    def start_over(self) -> None:
        """Forget everything and return to the settings and faults of the start."""
        with self.lock:
            for generation in self.generations.values():
                generation.cancel()
            for asset in self.assets.values():
                asset.path.unlink(missing_ok=True)
            self.settings = self._first_settings
            self.clock = Clock(self.settings.time_scale)
            self.account = Account(self.settings.credits, self.settings.free_credits)
            self.faults = Faults(self.settings.seed)
            for fault in self._first_faults:
                self.faults.add(replace(fault))
            self.journal = Journal()
            self.generations, self.assets = {}, {}
            self.limiter = Limiter()
            self._random = random.Random(self.settings.seed)

    def change(self, changes: dict[str, Any]) -> None:
        """Change settings while running; raises SettingRefused."""
        with self.lock:
            self.settings = self.settings.updated(changes)
            if "time_scale" in changes:
                self.clock.rescale(self.settings.time_scale)
            if "seed" in changes:
                self.faults.reseed(self.settings.seed)
                self._random = random.Random(self.settings.seed)
            self.account.credits = changes.get("credits", self.account.credits)
            self.account.free_credits = changes.get("free_credits", self.account.free_credits)

    def inject(self, fault: Fault) -> None:
        """Queue a fault; one that stays with a generation takes hold at once of those that it names."""
        with self.lock:
            self.faults.add(fault)
            if fault.match:
                for generation in self.generations.values():
                    self.bind_faults(generation, fault.stage)

    def bind_faults(self, generation: Generation, *stages: str) -> None:
        """Give a generation the waiting faults that stay with it."""
        url, request_id, held = generation.video_url, generation.request_id, generation.faults
        for fault in self.faults.take_staying(*stages, video_url=url, request_id=request_id, held=held):
            held[fault.kind] = fault

    def accept(self, slug: str, body: dict[str, Any]) -> Generation:
        """Remember a submission and start working on it; every call is a new, billable generation."""
        mode, settings = mode_of(body), self.settings
        queue = self._random.triangular(0.2, 30.0, 0.5) if settings.queue_seconds is None else settings.queue_seconds
        work = max(60.0, self._random.gauss(200.0, 60.0))
        if settings.generation_seconds is not None:
            work = settings.generation_seconds
        with self.lock:
            generation = Generation(slug, body, mode, self.clock.now(), queue, work)
            self.generations[generation.request_id] = generation
            self.account.reserve(generation.request_id, estimate(settings, body))
            self.bind_faults(generation, "submit", "poll", "history")
        threading.Thread(target=self._run, args=(generation,), daemon=True).start()
        return generation

    def forgotten(self, generation: Generation) -> bool:
        """Say whether polling no longer finds this request: its hour, counted from the submission, is over."""
        age = self.clock.now() - generation.created
        return age >= self.settings.record_seconds or "record_expired" in generation.faults

    def stop(self) -> None:
        """End what runs."""
        with self.lock:
            for generation in self.generations.values():
                generation.cancel()
        self._workbench.stop()

    def _run(self, generation: Generation) -> None:
        if not self.clock.wait_until(generation.created + generation.queue_seconds, generation.cancelled):
            return
        with self.lock:
            generation.status, generation.started = "PROCESSING", self.clock.now()
        try:
            output, seconds = self._workbench.make(generation, self.settings)
        except GenerationFailed as failure:
            self._finish(generation, error=str(failure))
        except Exception as error:  # noqa: BLE001 - a bug of ours must not look like an endless generation
            self._finish(generation, error=f"Internal error (5000): {type(error).__name__}: {error}")
        else:
            end = generation.created + generation.queue_seconds + generation.work_seconds
            if self.clock.wait_until(end, generation.cancelled):
                late = generation.faults.get("failed_late")
                self._finish(generation, output=output, seconds=seconds, error=late.failure_text() if late else None)

    def _finish(
        self, generation: Generation, *, output: Path | None = None, seconds: int = 0, error: str | None = None
    ) -> None:
        with self.lock:
            if generation.cancelled.is_set() or "never_finishes" in generation.faults:
                return
            generation.finished = self.clock.now()
            if output is None or error is not None:
                self.account.release(generation.request_id)
                if otherwise := generation.faults.get("cost_differs"):  # against its word that failures are free
                    generation.cost = otherwise.usd
                    charge = Charge(generation.request_id, generation.shown_url, generation.mode, 0, otherwise.usd)
                    self.account.charge(charge)
                generation.error, generation.status = error, "FAILED"
            else:
                self._deliver(generation, output, seconds)
            generation.over.set()
            self.clock.wake()

    def _deliver(self, generation: Generation, path: Path, seconds: int) -> None:
        """Publish the file and bill it."""
        name, tail = f"{secrets.token_hex(24)}.mp4", unique_tail(generation.request_id)
        generation.output = Output(Servable(path, "video/mp4", name, tail), self.clock.now())
        otherwise = generation.faults.get("cost_differs")
        generation.cost = otherwise.usd if otherwise else price(self.settings, generation.mode, seconds)
        charge = Charge(generation.request_id, generation.shown_url, generation.mode, seconds, generation.cost)
        generation.remaining = self.account.charge(charge)
        generation.status = "COMPLETED"
