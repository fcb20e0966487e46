"""Packets that short requests do not need, and very many."""

from __future__ import annotations

from gauntlet.ground.cluster import ProxyMode
from tests.saboteurs.register.cases import CLUSTER_IP, NODE_PORTS, conformance
from tests.saboteurs.register.saboteur import Beside, Catch, Saboteur
from tests.saboteurs.transforms.packets import QUOTA

_FRAGMENTS = ("datagrams_in_fragments_come_back", "datagrams_of_nodes_in_fragments_come_back")
_MTU, _WHOLE = conformance("transfers", "the_path_mtu_is_found_out", "some_mebibytes_go_there_and_come_back")
(_FULL,) = conformance("transfers", "datagrams_that_fill_a_frame_come_back")
(_ACCEPTED,) = conformance("beside_services", "a_node_that_forwards_nothing_by_itself_serves_its_node_ports")
_CAUGHT = (
    *conformance("transfers", *_FRAGMENTS),
    _MTU,
    *conformance("stray_segments", "segments_out_of_window_do_not_end_a_connection"),
)

_MANY = "suites/scale/test_very_many_connections.py::test_each_of_very_many_connections_is_answered"

SABOTEURS = (
    Saboteur(
        "packets-quota",
        f"A node serves a Service for {QUOTA} connections, and no more.",
        (Catch(_MANY, "availability"),),
        (CLUSTER_IP,),
    ),
    Saboteur(
        "packets-swallowed",
        "Datagrams in fragments and what tells of the path MTU are dropped, segments out of window are let through.",
        tuple(Catch(case, "availability") for case in _CAUGHT),
        (_WHOLE,),
        tuple(Beside(case, "reaches-all", "where nothing is answered no backend is met") for case in _CAUGHT),
        modes=(ProxyMode.IPTABLES,),
    ),
    Saboteur(
        "packets-large-datagrams-lost",
        "First datagrams at NodePorts that fill a frame, and need no second one, are lost.",
        (Catch(_FULL, "availability"),),
        (_WHOLE, *conformance("transfers", _FRAGMENTS[0])),
        (Beside(_FULL, "reaches-all", "where nothing is answered no backend is met"),),
    ),
    Saboteur(
        "packets-not-accepted",
        "A node that forwards nothing by itself does not accept what kube-proxy has translated.",
        (Catch(_ACCEPTED, "availability"),),
        (NODE_PORTS, CLUSTER_IP),
        (Beside(_ACCEPTED, "reaches-all", "where nothing is answered no backend is met"),),
        modes=(ProxyMode.IPTABLES,),
    ),
)
