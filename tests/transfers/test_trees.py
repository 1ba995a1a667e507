"""upload_tree, download_tree, sync and plan_sync."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from aios3 import Bucket, Client, ConnectError, InvalidInput
from aios3.transfers.places import Entry, Folder
from aios3.transfers.plans import Action
from tests.servers import Server
from tests.stores import NOWHERE, bucket_at, client_of
from tests.transfers.test_uploads import LARGE, ON_CEPH, ON_TWO, PART
from tests.wire import answering, response

TREE = {"a.txt": b"a", "a/b": b"ab", "a/c/d": b"acd", "a-b": b"dash", "a0": b"zero", "é/😀": b"emoji", "z": b""}


def write(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def link(path: Path, to: Path) -> None:
    path.symlink_to(to)


def read(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def put(store: Bucket, files: Mapping[str, bytes]) -> None:
    for key, data in files.items():
        await store.put(key, data)


async def contents(store: Bucket, prefix: str = "") -> dict[str, bytes]:
    return {key.key: await store.get(key) for key in await store.list(prefix)}


def told(actions: Iterable[Action]) -> list[tuple[str, str]]:
    return [(action.kind, action.name) for action in actions]


@ON_TWO
async def test_tree_goes_up_and_comes_down(store: Bucket, tmp_path: Path) -> None:
    write(tmp_path / "up", TREE)
    seen: list[int] = []

    up = await store.upload_tree(
        tmp_path / "up", "p/", content_type="text/x", progress=lambda done, _: seen.append(done)
    )
    down = await store.download_tree("p/", tmp_path / "down" / "deep")

    size = sum(map(len, TREE.values()))
    assert (up.uploaded, up.size, down.downloaded, down.size) == (len(TREE), size, len(TREE), size)
    assert seen[-1] == size
    assert await contents(store) == {f"p/{name}": data for name, data in TREE.items()}
    assert read(tmp_path / "down" / "deep") == TREE
    assert (await store.head("p/a.txt")).content_type == "text/x"


@ON_TWO
async def test_second_sync_has_nothing_to_do(store: Bucket, tmp_path: Path) -> None:
    write(tmp_path / "up", TREE)
    await store.sync(tmp_path / "up", "")
    await store.sync("", tmp_path / "down")

    for compare in ("mtime", "size", "checksum"):
        assert not [action async for action in store.plan_sync(tmp_path / "up", "", compare=compare)]
        assert not [action async for action in store.plan_sync("", tmp_path / "down", compare=compare)]
        assert not [action async for action in store.plan_sync("", store, compare=compare)]


@ON_TWO
async def test_sync_transfers_what_differs_and_deletes_if_asked(store: Bucket, tmp_path: Path) -> None:
    folder = write(tmp_path / "up", TREE)
    await store.sync(folder, "")
    (folder / "a" / "b").write_bytes(b"longer")
    os.utime(folder / "z", (9e9, 9e9))
    (folder / "a0").unlink()
    (folder / "new").write_bytes(b"new")
    wanted = [("upload", "a/b"), ("delete", "a0"), ("upload", "new"), ("upload", "z")]

    seen: list[Action] = []
    dry = await store.sync(folder, "", delete=True, dry_run=True, on_action=seen.append)
    assert told(seen) == wanted
    assert await contents(store) == TREE

    report = await store.sync(folder, "", delete=True)
    assert report == dry
    assert (report.uploaded, report.deleted) == (3, 1)
    assert await contents(store) == read(folder)


@ON_TWO
async def test_sync_down_deletes_files_if_asked(store: Bucket, tmp_path: Path) -> None:
    await put(store, {"p/a": b"1", "p/b/c": b"2"})
    folder = write(tmp_path / "down", {"a": b"old!", "gone": b"", "b/gone": b""})

    await store.sync("p/", folder)
    assert read(folder) == {"a": b"1", "gone": b"", "b/c": b"2", "b/gone": b""}
    report = await store.sync("p/", folder, delete=True)

    assert report.deleted == 2
    assert read(folder) == {"a": b"1", "b/c": b"2"}


@pytest.mark.parametrize(("source", "target"), [("x/", "x/y/"), ("x/y/", "x/"), ("", "x/"), ("x", "x/")])
@pytest.mark.parametrize("delete", [True, False])
async def test_places_inside_each_other_are_refused(source: str, target: str, delete: bool) -> None:
    async with bucket_at(9) as bucket, bucket_at(9) as same, bucket_at(10) as elsewhere:
        for place in (bucket, same):
            with pytest.raises(InvalidInput, match=f"/{source}' and '.*/{target}' overlap"):
                await bucket.sync(source, (place, target), delete=delete, compare="always")
        with pytest.raises(ConnectError):
            await bucket.sync(source, (elsewhere, target), delete=delete, compare="always")


@ON_CEPH
async def test_key_that_is_a_file_and_a_folder_is_refused_and_the_rest_is_there(store: Bucket, tmp_path: Path) -> None:
    await put(store, {"t/a": b"1", "t/s": LARGE, "t/s/b": b"2", "t/s/c": b"3", "t/z": b"4"})

    report = await store.download_tree("t/", tmp_path)

    there = read(tmp_path)
    assert (there["a"], there["z"]) == (b"1", b"4")
    assert [action.name for action in report.refused] in (["s"], ["s/b", "s/c"])
    assert report.downloaded + len(report.refused) == 5
    assert not [name for name in there if "/." in f"/{name}"]


async def test_dry_run_prints(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    listing = response(body=b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>")
    async with answering(listing) as peer, bucket_at(peer.port) as bucket:
        await bucket.sync(write(tmp_path, {"a": b"1"}), "p/", dry_run=True)

    assert capsys.readouterr().out == "upload a (1 bytes, new)\n"


@ON_TWO
async def test_between_buckets_and_stores(client: Client, server: Server, store: Bucket, bucket_name: str) -> None:
    other = f"{bucket_name}-2"
    await client.create_bucket(other)
    await put(store, {f"p/{name}": data for name, data in TREE.items()})

    report = await client.bucket(other).sync((store, "p/"), "copy/")
    assert report.copied == len(TREE)
    async with client_of(server) as elsewhere:
        await elsewhere.bucket(other).sync((store, "p/"), "stream/")
        assert await contents(client.bucket(other)) == {
            f"{place}/{name}": data for place in ("copy", "stream") for name, data in TREE.items()
        }
    report = await store.sync("nothing/", (client.bucket(other), "copy/"), delete=True)
    assert report.deleted == len(TREE)


@ON_TWO
async def test_patterns_choose_on_both_sides(store: Bucket, tmp_path: Path) -> None:
    folder = write(tmp_path / "up", {"a.jpg": b"1", "b/c.jpg": b"2", "b/d.jpg": b"3", "e.txt": b"4"})
    await put(store, {"kept.txt": b"", "gone.jpg": b""})

    await store.sync(folder, "", include=["*.jpg"], exclude=["b/d*"], delete=True)

    assert sorted(await contents(store)) == ["a.jpg", "b/c.jpg", "kept.txt"]


@pytest.mark.parametrize("server", ["rclone"], indirect=True)
async def test_etags_that_a_store_lists_without_quotes_are_etags(store: Bucket, tmp_path: Path) -> None:
    write(tmp_path, {"a": b"a", "b/c": b"bc"})
    await store.sync(tmp_path, "")

    assert not [action async for action in store.plan_sync(tmp_path, "", compare="checksum")]


@ON_CEPH
async def test_checksum_finds_what_size_and_time_do_not(store: Bucket, tmp_path: Path) -> None:
    folder = write(tmp_path / "up", {"small": b"1234", "large": LARGE, "even": LARGE[: 2 * PART]})
    await store.sync(folder, "", part_size=PART)
    rules: dict[str, Any] = {"compare": "checksum", "part_size": PART}
    assert not [action async for action in store.plan_sync(folder, "", **rules)]
    assert not [action async for action in store.plan_sync("", folder, **rules)]

    for name in ("small", "large", "even"):
        with (folder / name).open("r+b") as file:
            file.write(b"!")

        assert [("upload", name)] == told([action async for action in store.plan_sync(folder, "", **rules)])
        await store.sync(folder, "", **rules)


# --- names that are not safe

UNSAFE = ["../x", "/etc/x", "a//b", "a/./b", "a/../../b", "..", "con", "d/NUL.txt", "lpt1", "n" * 256, "a\0b"]


@ON_CEPH
@pytest.mark.parametrize("key", UNSAFE)
async def test_key_that_would_leave_the_folder_is_refused(store: Bucket, tmp_path: Path, key: str) -> None:
    await put(store, {f"p/{key}" if "\0" not in key else "p/..": b"bad", "p/good": b"good"})
    folder = tmp_path / "deep" / "er"

    report = await store.download_tree("p/", folder)

    assert [action.kind for action in report.refused] == ["refuse"]
    assert report.downloaded == 1
    assert read(tmp_path) == {"deep/er/good": b"good"}


@ON_CEPH
async def test_link_and_file_in_the_place_of_a_folder_are_not_followed(store: Bucket, tmp_path: Path) -> None:
    await put(store, {"link/x": b"bad", "file/x": b"bad", "folder": b"bad", "good": b"good"})
    folder = write(tmp_path / "down", {"file": b"mine", "folder/y": b"mine"})
    link(folder / "link", write(tmp_path / "outside", {"mine": b""}))

    report = await store.download_tree("", folder)

    assert sorted(action.name for action in report.refused) == ["file/x", "folder", "link/x"]
    assert read(tmp_path / "outside") == {"mine": b""}
    assert (folder / "good").read_bytes() == b"good"
    assert (folder / "file").read_bytes() == b"mine"


@ON_CEPH
async def test_links_are_left_out_unless_asked_for(store: Bucket, tmp_path: Path) -> None:
    folder = write(tmp_path / "up", {"real": b"1"})
    write(tmp_path / "outside", {"x": b"2"})
    link(folder / "file", folder / "real")
    link(folder / "folder", tmp_path / "outside")

    await store.upload_tree(folder)
    assert sorted(await contents(store)) == ["real"]
    await store.upload_tree(folder, follow_links=True)
    assert sorted(await contents(store)) == ["file", "folder/x", "real"]


@ON_CEPH
async def test_file_name_that_is_no_text_is_refused(store: Bucket, tmp_path: Path) -> None:
    folder = write(tmp_path / "up", {"good": b"1"})
    write(folder, {os.fsdecode(b"\xff"): b"2"})

    report = await store.upload_tree(folder)

    assert (report.uploaded, len(report.refused)) == (1, 1)


@ON_CEPH
async def test_folder_markers_are_no_files(store: Bucket, tmp_path: Path) -> None:
    await put(store, {"p/": b"", "p/a/": b"", "p/a/b": b"1"})

    report = await store.download_tree("p/", tmp_path / "down")

    assert (report.refused, read(tmp_path / "down")) == ((), {"a/b": b"1"})


async def test_missing_source_is_an_error_and_deletes_nothing(tmp_path: Path) -> None:
    async with Bucket("bucket", **NOWHERE) as bucket:
        with pytest.raises(FileNotFoundError):
            await bucket.upload_tree(tmp_path / "nothing", "")


@pytest.mark.parametrize(
    ("source", "target", "options"),
    [
        (Path("a"), Path("b"), {}),
        (3, "b", {}),
        (("a", "b"), "c", {}),
        ("a", Path("b"), {"compare": "colour"}),
        ("a", Path("b"), {"include": "*.jpg"}),
        ("a", Path("b"), {"concurrency": 0}),
    ],
)
async def test_bad_arguments_are_refused(source: Any, target: Any, options: Any) -> None:
    async with Bucket("bucket", **NOWHERE) as bucket:
        with pytest.raises(InvalidInput):
            await bucket.sync(source, target, **options)


async def test_folder_lists_in_the_order_of_s3(tmp_path: Path) -> None:
    write(tmp_path, TREE)

    entries: list[Entry] = [entry async for entry in Folder(path=tmp_path).entries()]

    assert [entry.name for entry in entries] == sorted(TREE, key=str.encode)
