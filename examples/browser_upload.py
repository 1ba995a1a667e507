"""Let a browser upload straight to the store, with a progress bar: the bytes never pass through your server::

    python examples/browser_upload.py BUCKET [ENDPOINT]

Serves one page on a free port of this machine and waits until something is uploaded by it. The keys come from
AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Without an endpoint it is AWS. The page with ``#demo`` behind its address uploads
a megabyte by itself.
"""

from __future__ import annotations

import asyncio
import json
import sys

from aiohttp import web

from aios3 import Bucket
from aios3.operations import CORSConfiguration, CORSRule, PutBucketCors

MAX_SIZE = 10_000_000
PAGE = """<!doctype html>
<meta charset="utf-8">
<title>Upload</title>
<input type="file" id="file"> <progress id="bar" max="100" value="0"></progress> <output id="said">choose a file</output>
<script>
  const {url, fields} = FORM;
  const said = text => { document.getElementById("said").textContent = text; };
  function upload(file) {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append("Content-Type", file.type || "application/octet-stream");
    form.append("file", file);  // S3 reads no field behind the file
    const request = new XMLHttpRequest();
    let steps = 0;
    request.upload.onprogress = event => {
      document.getElementById("bar").value = 100 * event.loaded / event.total;
      steps += 1;
    };
    request.onload = () => {
      said(request.status < 300 ? `stored after ${steps} steps` : `refused: ${request.status}`);
      if (request.status < 300) fetch("/stored", {method: "POST"});
    };
    request.onerror = () => said("failed");
    request.open("POST", url);
    request.send(form);
  }
  document.getElementById("file").onchange = event => upload(event.target.files[0]);
  if (location.hash === "#demo") upload(new File([new Uint8Array(1 << 20)], "demo.bin"));
</script>
"""


def page(url: str, fields: dict[str, str]) -> str:
    """Return the page, with the form's address and fields in it."""
    # In a script "<" could end the script.
    return PAGE.replace("FORM", json.dumps({"url": url, "fields": fields}).replace("<", "\\u003c"))


async def serve(bucket: Bucket) -> None:
    """Serve the page until it tells that an object is stored."""
    stored = asyncio.Event()

    async def show(_: web.Request) -> web.Response:
        # A form of its own for each visitor, good for ten minutes, for one folder and ten megabytes.
        url, fields = await bucket.presign_post(
            "inbox/${filename}", expires_in=600, max_size=MAX_SIZE, conditions=[["starts-with", "$Content-Type", ""]]
        )
        return web.Response(text=page(url, fields), content_type="text/html")

    async def hear(_: web.Request) -> web.Response:
        stored.set()
        return web.Response()

    app = web.Application()
    app.router.add_get("/", show)
    app.router.add_post("/stored", hear)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
        # The store tells the browser which pages may send to it.
        rule = CORSRule(allowed_methods=("POST",), allowed_origins=(origin,), allowed_headers=("*",))
        cors = CORSConfiguration(cors_rules=(rule,))
        await bucket.client.call(PutBucketCors(bucket=bucket.name, cors_configuration=cors))
        print(f"open {origin}/", flush=True)
        await stored.wait()
        for key in await bucket.list("inbox/"):
            print(f"arrived: {key.key}, {key.size:,} bytes", flush=True)
    finally:
        await runner.cleanup()


async def main() -> None:
    """Open the bucket that is named, and serve."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    async with Bucket(sys.argv[1], aws_endpoint=sys.argv[2] if len(sys.argv) > 2 else None) as bucket:
        await serve(bucket)


if __name__ == "__main__":
    asyncio.run(main())
