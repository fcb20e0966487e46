"""A table: one call of a client for many targets."""

from __future__ import annotations

from gauntlet.ground.history import Frontend, Outcome, Protocol
from gauntlet.traffic import Target, Traffic
from gauntlet.traffic.table import Table, TableRow
from tests.cluster.traffic.world import World

SERVICE = Target("kp/echo", Frontend.CLUSTER_IP, "127.9.9.9", 80)
BY_UDP = Target("kp/echo", Frontend.CLUSTER_IP, "127.9.9.9", 80, Protocol.UDP)
CLOSED = Target("kp/gone", Frontend.CLUSTER_IP, "127.0.0.1", 9)


def test_each_row_is_asked_as_often_as_it_says(world: World, traffic: Traffic) -> None:
    rows = (TableRow(7, SERVICE, 10), TableRow(9, BY_UDP, 6), TableRow(4, CLOSED, 3))

    answers = traffic.ask(world, Table(rows, users=4)).attempts

    assert dict(answers.group_by("row").len().iter_rows()) == {7: 10, 9: 6, 4: 3}
    of_row = {number: part for (number,), part in answers.partition_by("row", as_dict=True).items()}
    assert set(of_row[7]["backend"]) == set(of_row[9]["backend"]) == {"b1", "b2"}
    assert of_row[7]["seen_source_ip"].to_list() == ["127.0.0.1"] * 10
    assert set(of_row[4]["outcome"]) == {str(Outcome.REFUSED)}
    assert of_row[4].select("service", "port", "protocol", "client").row(0) == ("kp/gone", 9, "tcp", "client")


def test_a_table_of_thousands_comes_back_whole(world: World, traffic: Traffic) -> None:
    rows = tuple(TableRow(number, SERVICE if number % 2 else BY_UDP, 1) for number in range(3000))

    answers = traffic.ask(world, Table(rows, users=16)).attempts

    assert sorted(answers["row"]) == list(range(3000))
    assert set(answers["outcome"]) == {str(Outcome.OK)}


def test_two_tables_of_one_client_do_not_mix(world: World, traffic: Traffic) -> None:
    first = traffic.ask(world, Table((TableRow(1, SERVICE, 5),), users=2))
    second = traffic.ask(world, Table((TableRow(1, CLOSED, 2),), users=2))

    assert set(first.attempts["outcome"]) == {str(Outcome.OK)}
    assert set(second.attempts["outcome"]) == {str(Outcome.REFUSED)}
    assert not first.unmade
