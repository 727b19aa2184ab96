"""A result is fetched only from where we were told to trust; what an address says is read as a browser would not."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from dropcut.adapters.downloads import WebResults
from dropcut.domain.errors import DeliveryFailed, ResultHostUnknown

HOST, ORIGIN = "images.segmind.com", "http://127.0.0.1:9000"
PUBLIC, PATH = "93.184.216.34", "/generations/a.mp4"
HOSTILE = [
    "",
    "images.segmind.com/a.mp4",
    "//images.segmind.com/a.mp4",
    "http://images.segmind.com/a.mp4",
    "ftp://images.segmind.com/a.mp4",
    "file:///etc/passwd",
    "data:video/mp4;base64,AAAA",
    "javascript:alert(1)",
    "https:/images.segmind.com/a.mp4",
    "https:images.segmind.com/a.mp4",
    "https:///images.segmind.com/a.mp4",
    "https://",
    "https://evil.example/a.mp4",
    "https://evil.example/images.segmind.com/a.mp4",
    "https://evil.example/?images.segmind.com",
    "https://evil.example#images.segmind.com",
    "https://images.segmind.com.evil.example/a.mp4",
    "https://evilimages.segmind.com/a.mp4",
    "https://segmind.com/a.mp4",
    "https://images.segmind.com@evil.example/a.mp4",
    "https://images.segmind.com:443@evil.example/a.mp4",
    "https://user:password@images.segmind.com/a.mp4",
    "https://evil.example\\@images.segmind.com/a.mp4",
    "https://images.segmind.com\\.evil.example/a.mp4",
    "https://images.segmind.com%2eevil.example/a.mp4",
    "https://images.segmind.com%00.evil.example/a.mp4",
    "https://images.segmind.com\n.evil.example/a.mp4",
    "https://images.segmind.com /a.mp4",
    "https://images.segmind.com\t/a.mp4",
    "https://images.segmind.com/a.mp4\r\nHost: evil.example",
    "https://images.segmind.com./a.mp4",
    "https://images.segmind.com:80/a.mp4",
    "https://images.segmind.com:8443/a.mp4",
    "https://images.segmind.com:99999/a.mp4",
    "https://images.segmind.com:x/a.mp4",
    "https://ımages.segmind.com/a.mp4",
    "https://images。segmind。com/a.mp4",
    "https://xn--mages-2xa.segmind.com/a.mp4",
    "https://127.0.0.1/a.mp4",
    "https://2130706433/a.mp4",
    "https://0x7f000001/a.mp4",
    "https://127.1/a.mp4",
    "https://[::1]/a.mp4",
    "https://[::ffff:127.0.0.1]/a.mp4",
    "https://[::1/a.mp4",
    "https://169.254.169.254/latest/meta-data/",
    "https://localhost/a.mp4",
    "http://127.0.0.1/a.mp4",
    "http://127.0.0.1:9001/a.mp4",
    "https://127.0.0.1:9000/a.mp4",
    "http://127.0.0.1:9000@evil.example/a.mp4",
    "http://127.0.0.1:9000.evil.example/a.mp4",
    "http://localhost:9000/a.mp4",
    "http://[::1]:9000/a.mp4",
]


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    def found(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", found)


@pytest.mark.parametrize("url", HOSTILE)
def test_an_address_that_is_not_plainly_one_of_ours_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    resolve_to(monkeypatch, PUBLIC)
    with pytest.raises(ResultHostUnknown):
        WebResults([HOST, ORIGIN]).check(url)


@pytest.mark.parametrize(
    "url",
    [
        f"https://{HOST}{PATH}",
        f"https://{HOST}:443{PATH}",
        f"https://{HOST.upper()}{PATH}",
        f"HTTPS://{HOST}{PATH}?v=1#t",
        f"{ORIGIN}{PATH}",
    ],
)
def test_our_own_places_are_taken(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    resolve_to(monkeypatch, PUBLIC)
    WebResults([HOST.upper(), ORIGIN + "/"]).check(url)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1",
     "fe80::1", "fd00:ec2::254", "::ffff:10.0.0.1", "64:ff9b::a00:1"],
)  # fmt: skip
def test_a_name_of_ours_that_leads_inside_is_refused(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    resolve_to(monkeypatch, PUBLIC, address)
    with pytest.raises(ResultHostUnknown):
        WebResults([HOST]).check(f"https://{HOST}{PATH}")


def test_a_name_without_an_address_may_have_one_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(DeliveryFailed):
        WebResults([HOST]).check(f"https://{HOST}{PATH}")
