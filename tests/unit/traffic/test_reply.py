from __future__ import annotations

import pytest

from gauntlet.traffic.reply import BadReply, HttpReply, host_name, http_reply, must_be, source_ip

_HEAD = b"HTTP/1.1 200 OK\r\nDate: today\r\nContent-Length: 5\r\n\r\n"


def test_a_whole_reply_is_its_body_and_what_follows() -> None:
    assert http_reply(_HEAD + b"pod-1HTTP/1.1") == HttpReply(b"pod-1", b"HTTP/1.1")


@pytest.mark.parametrize("size", range(1, len(_HEAD) + 5))
def test_a_part_of_a_reply_is_waited_for(size: int) -> None:
    assert http_reply((_HEAD + b"pod-1")[:size]) is None


@pytest.mark.parametrize(
    "received",
    [
        b"SSH-2.0-OpenSSH",
        b"SSH",
        b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/9 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000,
    ],
)
def test_what_is_no_good_http_is_a_bad_reply(received: bytes) -> None:
    with pytest.raises(BadReply):
        http_reply(received)


@pytest.mark.parametrize("body", [b"pod-1", b"web.0", b"a"])
def test_a_host_name_is_taken(body: bytes) -> None:
    assert host_name(body) == body.decode()


@pytest.mark.parametrize("body", [b"", b"pod 1", b"-pod", b"pod\t1", b"NOW: 2026", b"\xff\xfe", b"p" * 300, b"pod-1\n"])
def test_what_is_no_host_name_is_a_bad_reply(body: bytes) -> None:
    with pytest.raises(BadReply):
        host_name(body)


def test_the_source_ip_is_without_its_port() -> None:
    assert source_ip(b"10.244.1.7:40312") == "10.244.1.7"
    assert source_ip(b"[fd00::7]:40312") == "fd00::7"


@pytest.mark.parametrize("body", [b"", b"10.244.1.7", b"somewhere:80", b"10.244.1.300:1"])
def test_what_is_no_client_address_is_a_bad_reply(body: bytes) -> None:
    with pytest.raises(BadReply):
        source_ip(body)


def test_what_comes_back_whole_is_good() -> None:
    must_be(b"abc", b"abc")


@pytest.mark.parametrize("received", [b"", b"ab", b"abd", b"abcc"])
def test_what_comes_back_otherwise_is_a_bad_reply(received: bytes) -> None:
    with pytest.raises(BadReply, match=r"3 bytes were sent \(sha256 [0-9a-f]{12}\) and \d came back"):
        must_be(b"abc", received)
