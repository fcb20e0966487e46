"""The liar: at which ports it answers in kube-proxy's place."""

from __future__ import annotations

from tests.saboteurs.liar import listened_at

_TABLE = """  sl  local_address                         remote_address                        st tx_queue rx_queue
   0: 00000000000000000000000000000000:7594 00000000000000000000000000000000:0000 0A 00000000:00000000
   1: 00000000000000000000000000000000:2810 00000000000000000000000000000000:0000 0A 00000000:00000000
   2: 00000000000000000000000000000000:7595 00000000000000000000000000000001:D431 01 00000000:00000000
"""


def test_it_answers_where_somebody_listens_at_a_port_of_the_range() -> None:
    """30100 is listened at; 10256 is no NodePort, and 30101 is a connection."""
    assert listened_at(_TABLE) == {30100}
