"""Which nodes are used first, and when one is tried again."""

from docbatch.providers.local.on_ray.cluster_nodes import NodePauses, node_name, spread


def test_each_node_is_used_before_any_is_used_twice() -> None:
    assert spread(["a", "a", "a", "b", "c", "c"]) == ["a", "b", "c", "a", "c", "a"]


def test_a_node_that_fails_again_and_again_is_tried_ever_more_rarely() -> None:
    pauses = NodePauses()
    assert pauses.may_try("a", 0.0)
    pauses.note("a", 0.0)
    pauses.note("a", 1.0)
    assert (pauses.may_try("a", 4.9), pauses.may_try("a", 5.0), pauses.may_try("b", 0.0)) == (
        False,
        True,
        True,
    )
    pauses.note("a", 5.0)
    assert (pauses.may_try("a", 14.9), pauses.may_try("a", 15.0)) == (False, True)
    for moment in range(1000, 20_000, 1000):
        pauses.note("a", float(moment))
    assert (pauses.may_try("a", 19_299.0), pauses.may_try("a", 19_300.0)) == (False, True)
    pauses.forget("a")
    assert pauses.may_try("a", 19_001.0)


def test_a_node_is_called_as_it_was_named_or_as_its_machine_is() -> None:
    node = {"NodeManagerAddress": "10.0.0.7", "NodeManagerHostname": "w-7"}
    assert node_name({**node, "NodeName": "10.0.0.7"}) == "w-7"
    assert node_name({**node, "NodeName": "large"}) == "large"
    assert node_name({"NodeManagerAddress": "10.0.0.7"}) == "10.0.0.7"
