"""How what a file says and what it extends become one."""

from docbatch.specs.nodes import Node


def merge(under: Node, over: Node) -> Node:
    """Return both as one: mappings key by key, everything else as `over` says it; null takes away what `under` says.

    Each value keeps the place where it is written; of a mapping that both have that is the place of `over`.
    """
    if not (isinstance(under.content, dict) and isinstance(over.content, dict)):
        return over
    content, keys = dict(under.content), dict(under.keys)
    for key, node in over.content.items():
        below = content.get(key)
        if below is not None and node.content is None:
            del content[key], keys[key]
            continue
        content[key] = node if below is None else merge(below, node)
        keys[key] = over.keys[key]
    return Node(over.mark, content, keys=keys)


def without(node: Node, *names: str) -> Node:
    """Return a mapping without some of its keys."""
    if not isinstance(node.content, dict):
        return node
    content = {key: value for key, value in node.content.items() if key not in names}
    return Node(node.mark, content, keys={key: node.keys[key] for key in content})


def weight(node: Node) -> int:
    """Return how much a value comes to, written out: its values, and the characters of its texts and keys."""
    return _weigh(node, {})


def _weigh(node: Node, known: dict[int, int]) -> int:
    # What aliases repeat is one node, and is looked at once.
    found = known.get(id(node))
    if found is None:
        if isinstance(node.content, dict):
            found = sum(len(key) + _weigh(each, known) for key, each in node.content.items())
        elif isinstance(node.content, tuple):
            found = sum(_weigh(each, known) for each in node.content)
        else:
            found = len(node.text)
        known[id(node)] = found = found + 1
    return found
