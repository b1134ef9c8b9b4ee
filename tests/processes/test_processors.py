"""How many processors there are for this process, by files as Linux lays them."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from docbatch.processes import processors

MACHINE = 8
V2 = "31 23 0:28 {above} /sys/fs/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate"
V1 = "32 31 0:29 {above} /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct"
OTHER = "35 31 0:32 /docker/abc /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n27 1 254:0 / / rw - ext4 /dev/vda rw"
TOP = "sys/fs/cgroup"
TOP1 = f"{TOP}/cpu,cpuacct"


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(MACHINE)), raising=False)


def available(root: Path, group: str, mount: str, files: Mapping[str, str]) -> int:
    laid = {"proc/self/cgroup": group, "proc/self/mountinfo": f"{OTHER}\n{mount}\n", **files}
    for name, text in laid.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return processors.available(root)


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [
        ("max 100000", MACHINE),
        ("200000 100000", 2),
        ("250000 100000", 3),
        ("10000 100000", 1),
        ("300000 50000", 6),
        ("9900000 100000", MACHINE),
        ("", MACHINE),
        ("garbage", MACHINE),
        ("0 100000", 1),
        ("0 0", MACHINE),
    ],
)
def test_a_container_allows_as_many_as_its_quota_rounded_up(
    tmp_path: Path, allowed: str, expected: int
) -> None:
    files = {f"{TOP}/cpu.max": f"{allowed}\n"}
    assert available(tmp_path, "0::/\n", V2.format(above="/"), files) == expected


def test_the_tightest_group_up_the_tree_counts(tmp_path: Path) -> None:
    files = {
        f"{TOP}/pods.slice/cpu.max": "300000 100000",
        f"{TOP}/pods.slice/one/cpu.max": "max 100000",
        f"{TOP}/other/cpu.max": "100000 100000",
    }
    assert available(tmp_path, "0::/pods.slice/one/leaf\n", V2.format(above="/"), files) == 3


def test_a_group_is_found_where_only_a_part_of_the_tree_is_mounted(tmp_path: Path) -> None:
    files = {f"{TOP}/cpu.max": "500000 100000", f"{TOP}/leaf/cpu.max": "200000 100000"}
    assert available(tmp_path, "0::/docker/abc/leaf\n", V2.format(above="/docker/abc"), files) == 2


def test_a_group_outside_of_what_is_mounted_leaves_what_is(tmp_path: Path) -> None:
    files = {f"{TOP}/cpu.max": "500000 100000", "sys/fs/cpu.max": "100000 100000"}
    assert available(tmp_path, "0::/../abc\n", V2.format(above="/"), files) == 5


@pytest.mark.parametrize(("quota", "expected"), [("-1", MACHINE), ("150000", 2), ("50000", 1)])
def test_the_first_version_of_control_groups_says_it_in_two_files(
    tmp_path: Path, quota: str, expected: int
) -> None:
    group = "8:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n0::/elsewhere\n"
    files = {f"{TOP1}/cpu.cfs_quota_us": quota, f"{TOP1}/cpu.cfs_period_us": "100000"}
    assert available(tmp_path, group, V1.format(above="/docker/abc"), files) == expected


def test_without_control_groups_the_machine_counts(tmp_path: Path) -> None:
    assert processors.available(tmp_path) == MACHINE


def test_affinity_counts_where_it_is_less(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {3}, raising=False)
    files = {f"{TOP}/cpu.max": "200000 100000"}
    assert available(tmp_path, "0::/\n", V2.format(above="/"), files) == 1
