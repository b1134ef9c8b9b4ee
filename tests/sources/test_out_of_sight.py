"""What may be there although it was not seen."""

from docbatch.sources.out_of_sight import OutOfSight


def test_what_lies_below_folders_and_in_containers_that_cannot_be_looked_into_may_be_there() -> None:
    hidden = OutOfSight([b"link.zip"])
    hidden.add(b"locked/", None)
    hidden.add(b"a.zip", b"a.zip!")
    hidden.add(b"plain.txt", None)

    there = [b"link.zip", b"link.zip!x", b"locked/deep/x", b"a.zip!x", b"a.zip!b.zip!x"]
    gone = [b"link.zipped", b"lockedx", b"a.zip", b"a.zip b", b"plain.txt", b"plain.txt!x"]
    assert [path for path in (*there, *gone) if hidden.may_hold(path)] == there


def test_behind_what_hides_everything_anything_may_be_there() -> None:
    hidden = OutOfSight([])
    hidden.add(b"a//x", b"")

    assert hidden.may_hold(b"b.txt")
