"""What may be shown of accounts: which host, and of workspaces only that they differ.

An account is `host/workspace`, and a workspace may come from a file or a variable that nobody is to read here.
"""


def told_apart(one: str, other: str) -> tuple[str, str]:
    """Return words for two accounts that show no workspace."""
    hosts = one.partition("/")[0], other.partition("/")[0]
    if one == other or hosts[0] != hosts[1]:
        return hosts
    return f"a workspace at {hosts[0]}", f"another one at {hosts[1]}"
