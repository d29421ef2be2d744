"""The tests themselves: none of them leaves the machine."""

import http.server
import os
import socket
import subprocess
import sys
import threading

import pytest
from conftest import NetworkRefused


def test_other_machines_are_refused_with_a_message(no_network):
    with pytest.raises(NetworkRefused, match=r"tests open no network connection.*192\.0\.2\.1"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    with pytest.raises(NetworkRefused, match=r"example\.org"):
        socket.create_connection(("example.org", 80), timeout=1)
    assert len(no_network) == 2
    no_network.clear()


def test_this_machine_is_not():
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        with socket.create_connection(server.server_address, timeout=5) as own:
            own.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert own.recv(4).startswith(b"HTTP")
        thread.join()


def test_processes_do_not_download_either(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "noether_sym", "inspect", "real_pendulum"],
        capture_output=True, text=True, check=False,
        env={**os.environ, "NOETHER_SYM_DATA": "", "XDG_CACHE_HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 2
    assert "could not be downloaded (no network)" in " ".join(done.stderr.split())
