"""The simulated provider's state and what a generation goes through between submission and result."""

from __future__ import annotations

import random
import secrets
import shutil
import threading
from pathlib import Path
from typing import Any

from localcloud.simulator.account import Account, Charge
from localcloud.simulator.clock import Clock
from localcloud.simulator.editing import Editor
from localcloud.simulator.faults import Fault, Faults
from localcloud.simulator.generations import Generation, Output, unique_tail
from localcloud.simulator.journal import Journal
from localcloud.simulator.media import Clip, fetch_clip
from localcloud.simulator.parameters import GenerationFailed, check_parameters
from localcloud.simulator.rates import asked_seconds, clip_seconds, mode_of, price
from localcloud.simulator.settings import Settings

FETCHES = 8  # clips on the way at once


class Provider:
    """Everything the simulator remembers; ``lock`` guards it."""

    def __init__(self, settings: Settings, workdir: Path, cache: Path) -> None:
        self.lock = threading.RLock()
        self.workdir = workdir
        self.url = ""  # set once the server listens
        self._editor = Editor(cache)
        self._fetches = threading.Semaphore(FETCHES)
        self.first_settings = settings
        self.generations: dict[str, Generation] = {}
        self.start_over()

    def start_over(self) -> None:
        """Forget everything and return to the settings of the start."""
        with self.lock:
            for generation in self.generations.values():
                generation.cancelled.set()
            self.settings = self.first_settings
            self.clock = Clock(self.settings.time_scale)
            self.account = Account(self.settings.credits, self.settings.free_credits)
            self.faults = Faults(self.settings.seed)
            self.journal = Journal()
            self.generations = {}
            self.submitted_at: list[float] = []  # of the last minute, for the rate limit
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
        url = str(generation.body.get("video_url", ""))
        for fault in self.faults.take_staying(*stages, video_url=url, request_id=generation.request_id):
            generation.faults.setdefault(fault.kind, fault)

    def accept(self, slug: str, body: dict[str, Any]) -> Generation:
        """Remember a submission and start working on it; every call is a new, billable generation."""
        mode, settings = mode_of(body), self.settings
        queue = self._random.triangular(0.2, 30.0, 0.5) if settings.queue_seconds is None else settings.queue_seconds
        work = max(60.0, self._random.gauss(200.0, 60.0))
        if settings.generation_seconds is not None:
            work = settings.generation_seconds
        estimate = price(mode, asked_seconds(body))
        with self.lock:
            generation = Generation(slug, body, mode, estimate, self.clock.now(), queue, work)
            self.generations[generation.request_id] = generation
            self.account.reserve(generation.request_id, estimate)
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
                generation.cancelled.set()
        self._editor.stop()

    def _run(self, generation: Generation) -> None:
        if not self.clock.wait_until(generation.created + generation.queue_seconds, generation.cancelled):
            return
        with self.lock:
            generation.status, generation.started = "PROCESSING", self.clock.now()
        try:
            output, seconds = self._work(generation)
        except GenerationFailed as failure:
            self._finish(generation, error=str(failure))
        except Exception as error:  # noqa: BLE001 - a bug of ours must not look like an endless generation
            self._finish(generation, error=f"Internal error (5000): {type(error).__name__}: {error}")
        else:
            if self.clock.wait_until(
                generation.created + generation.queue_seconds + generation.work_seconds, generation.cancelled
            ):
                self._finish(generation, output=output, seconds=seconds)

    def _work(self, generation: Generation) -> tuple[Path, int]:
        body = generation.body
        if "failed" in generation.faults:
            raise GenerationFailed(generation.faults["failed"].failure_text())
        check_parameters(body, self.settings)
        with self._fetches:
            clip: Clip = fetch_clip(str(body["video_url"]), self.workdir / "clips", self.settings)
        try:
            keep_audio = body.get("keep_audio") is True
            cached = self._editor.edit(clip, prompt=str(body["prompt"]), mode=generation.mode, keep_audio=keep_audio)
            path = _kept(cached, self.workdir / "files")
        finally:
            clip.path.unlink(missing_ok=True)
        by_clip = self.settings.billed_by == "clip"
        return path, clip_seconds(clip.seconds) if by_clip else asked_seconds(body)

    def _finish(
        self, generation: Generation, *, output: Path | None = None, seconds: int = 0, error: str | None = None
    ) -> None:
        with self.lock:
            if generation.cancelled.is_set() or "never_finishes" in generation.faults:
                return
            generation.finished = self.clock.now()
            if output is None:
                self.account.release(generation.request_id)
                generation.error, generation.status = error, "FAILED"
                return
            name, tail = f"{secrets.token_hex(24)}.mp4", unique_tail(generation.request_id)
            generation.output = Output(name, output, tail, generation.finished)
            generation.seconds, generation.cost = seconds, price(generation.mode, seconds)
            charge = Charge(generation.request_id, generation.shown_url, generation.mode, seconds, generation.cost)
            generation.remaining = self.account.charge(charge)
            generation.status = "COMPLETED"


def _kept(cached: Path, folder: Path) -> Path:
    """Link a finished edit into this simulator's own folder: the cache is shared, and others tidy it."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / cached.name
    if not kept.exists():
        try:
            kept.hardlink_to(cached)
        except FileExistsError:  # an equal edit was as fast
            pass
        except OSError:  # another file system
            shutil.copyfile(cached, kept)
    return kept
