"""How S3 is spoken: pure functions and values, no I/O, no clock, no environment.

==============  ===========================================================
uri             percent-encoding of keys and queries, reading of endpoints
messages        Request and Response, and what a body must be able to do
http1           the bytes of a request head; an incremental response reader
values          frozen records that cost an import little
shapes          how operations and results are declared, compiled to plans
plans           where each member of an operation goes, compiled once per class
texts           scalars <-> text: numbers, times, base64
xml_codec       values <-> S3's XML, read strictly and without entities
eventstream     AWS's event stream: bytes to messages, each checked by its CRCs
http_codec      operation -> Request; Response -> result or error
sigv4           AWS Signature Version 4
endpoints       which address a bucket has
==============  ===========================================================
"""
