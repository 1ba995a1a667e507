"""aiohttp alone: nothing is signed, retried, checked or parsed. What the others are measured by."""

from __future__ import annotations

from importlib import import_module

from .base import BUCKET, PART, Peer, gathered


class Dependencies(Peer):
    """What this project imports of others: only its import is measured."""

    name = "aiohttp and lxml"
    modules = ("aiohttp", "lxml.etree")


class PlainAiohttp(Peer):
    """A ClientSession."""

    name = "aiohttp"
    distribution = "aiohttp"
    modules = ("aiohttp",)
    uploads = ("unsigned",)

    async def open(self) -> None:
        """Open a session."""
        aiohttp = import_module("aiohttp")
        connector = aiohttp.TCPConnector(limit=self.target.pool, ssl=self.target.tls)
        self._session = aiohttp.ClientSession(self.target.url, connector=connector)

    async def close(self) -> None:
        """Close it."""
        await self._session.close()

    async def get(self, key: str) -> bytes:
        """Read an object."""
        async with self._session.get(f"/{BUCKET}/{key}") as response:
            body: bytes = await response.read()
            return body

    async def put(self, key: str, body: bytes) -> None:
        """Write one."""
        async with self._session.put(f"/{BUCKET}/{key}", data=body) as response:
            response.raise_for_status()

    async def list_page(self) -> int:
        """Fetch a page, and count what would have to be parsed."""
        async with self._session.get(f"/{BUCKET}?list-type=2&prefix=data") as response:
            page: bytes = await response.read()
            return page.count(b"<Contents>")

    async def download(self, key: str) -> int:
        """Stream."""
        size = 0
        async with self._session.get(f"/{BUCKET}/{key}") as response:
            async for chunk in response.content.iter_any():
                size += len(chunk)
        return size

    async def download_parts(self, key: str, size: int, path: str) -> int:
        """Read ranges into memory."""

        async def part(at: int) -> int:
            span = {"Range": f"bytes={at}-{min(at + PART, size) - 1}"}
            async with self._session.get(f"/{BUCKET}/{key}", headers=span) as response:
                return len(await response.read())

        return sum(await gathered(part, range(0, size, PART)))

    async def upload(self, path: str) -> None:
        """Upload by one PUT."""
        with open(path, "rb") as file:  # noqa: ASYNC230, PTH123  # aiohttp reads it in threads
            async with self._session.put(f"/{BUCKET}/up", data=file) as response:
                response.raise_for_status()
