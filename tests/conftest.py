"""What holds for every test: no account of the person who runs it, no machine but this one."""

from __future__ import annotations

import ipaddress
import os
import signal
import socket
import sys
from typing import Any

import pytest


def pytest_configure() -> None:
    """Forget the AWS settings of the person who runs the tests, for this process and for those that it starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # started in the background: programs below would be deaf too
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
        SAM_CLI_TELEMETRY="0",
    )


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Spare a run without properties a second: Hypothesis's summary imports all of Hypothesis, to say nothing."""
    plugins, spread = session.config.pluginmanager, session.config.getoption("dist", "no") != "no"
    if plugins.has_plugin("hypothesispytest") and "hypothesis" not in sys.modules and not spread:
        plugins.unregister(name="hypothesispytest")


def _is_here(address: Any) -> bool:
    """True for a Unix socket, a loopback address or a name for it."""
    if not isinstance(address, tuple):
        return True
    host = str(address[0])
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@pytest.fixture(autouse=True)
def _no_machine_but_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse connections that leave the machine: a test that needs one would fail on a train."""
    connect = socket.socket.connect

    def connect_here(self: socket.socket, address: Any) -> None:
        if not _is_here(address):
            raise AssertionError(f"a test tried to leave this machine: {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect_here)
