"""Uploads of a web application, kept in S3 by a storage: upload, list, measure, download by a link or through the server.

    pip install fastapi uvicorn python-multipart "aio-s3[images]"
    python examples/fastapi_uploads.py my-bucket http://127.0.0.1:9000 8000

Keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; without an endpoint it is AWS, without a port it is 8000. Then::

    curl -F file=@photo.jpg http://127.0.0.1:8000/files
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

import uvicorn
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, UploadFile
from fastapi.responses import JSONResponse, RedirectResponse, Response, StreamingResponse

from aios3 import Bucket, NoSuchKey, TransportError
from aios3.async_storages import S3Storage, StorageImage

PREFIX = "uploads"
router = APIRouter()


@dataclass(frozen=True)
class Files:
    """Where uploads are kept: single files are the storage's; what is of many, or streams, the bucket's."""

    storage: S3Storage
    bucket: Bucket


def files_of(request: Request) -> Files:
    """Return those of the application that was asked."""
    files: Files = request.app.state.files
    return files


Here = Annotated[Files, Depends(files_of)]


def key_of(name: str, files: Here) -> str:
    """Return where a file is kept; a name of which nothing remains when it is made safe is refused."""
    storage = files.storage
    try:
        # The name by itself first: with the prefix before it something would always remain.
        return storage.get_name(f"{PREFIX}/{storage.get_name(name)}")
    except ValueError as error:
        raise HTTPException(422, str(error)) from error


Key = Annotated[str, Depends(key_of)]


@router.post("/files", status_code=201)
async def upload(file: UploadFile, files: Here) -> dict[str, str | int]:
    """Keep a file, under a name that is safe."""
    key = await files.storage.upload(file.file, key_of(file.filename or "", files))
    return {"name": key.removeprefix(f"{PREFIX}/"), "size": await files.storage.get_size(key)}


@router.get("/files")
async def names(files: Here) -> list[str]:
    """List all files."""
    return [key.key.removeprefix(f"{PREFIX}/") async for key in files.bucket.keys(f"{PREFIX}/")]


@router.get("/files/{name}/dimensions")
async def dimensions(key: Key, files: Here) -> dict[str, int]:
    """Measure a picture by the beginning of its file."""
    try:
        width, height = await StorageImage(key, files.storage).get_dimensions()
    except FileNotFoundError as error:
        raise HTTPException(404, "no such file") from error
    except ValueError as error:
        raise HTTPException(422, str(error)) from error
    return {"width": width, "height": height}


@router.get("/files/{name}/link")
async def link(key: Key, files: Here) -> RedirectResponse:
    """Send the browser to the store: the bytes do not pass this server."""
    return RedirectResponse(await files.storage.get_path(key))


@router.get("/files/{name}")
async def stream(key: Key, files: Here) -> StreamingResponse:
    """Pass the bytes on as they arrive: of a file of any size a few are in memory."""
    try:
        body = await files.bucket.download(key)
    except NoSuchKey as error:
        raise HTTPException(404, "no such file") from error

    async def pieces() -> AsyncIterator[bytes]:
        async with body:
            async for piece in body:
                yield piece

    return StreamingResponse(pieces(), headers={"content-length": str(body.size)}, media_type=body.content_type)


@router.delete("/files/{name}", status_code=204)
async def delete(key: Key, files: Here) -> None:
    """Delete a file; none is no error."""
    await files.storage.delete(key)


async def storage_is_down(request: Request, error: Exception) -> Response:
    """Answer for whatever was asked while the store could not be."""
    return JSONResponse({"detail": "the store cannot be reached"}, 503)


def application(bucket: str, endpoint: str | None = None) -> FastAPI:
    """Return the application; what it opens is closed with it."""
    address = urlsplit(endpoint or "https:")
    storage = S3Storage(bucket, address.netloc or None, use_ssl=address.scheme == "https", querystring_auth=True)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with storage, Bucket(bucket, aws_endpoint=endpoint) as files:
            app.state.files = Files(storage, files)
            yield

    app = FastAPI(lifespan=lifespan)
    app.include_router(router)
    app.add_exception_handler(TransportError, storage_is_down)
    return app


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    port = int(sys.argv[3]) if len(sys.argv) > 3 else 8000
    uvicorn.run(application(*sys.argv[1:3]), host="127.0.0.1", port=port, log_level="warning")
