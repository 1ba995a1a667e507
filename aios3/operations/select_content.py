"""S3 Select: SQL over one object, answered as a stream of events."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from ..protocol.eventstream import EventStream
from ..protocol.shapes import Event, Group, Payload, Structure
from .base import ObjectOperation, StreamedResult
from .groups import CustomerKey

FileHeaderInfo: TypeAlias = Literal["USE", "IGNORE", "NONE"]
JSONType: TypeAlias = Literal["DOCUMENT", "LINES"]
CompressionType: TypeAlias = Literal["NONE", "GZIP", "BZIP2"]
QuoteFields: TypeAlias = Literal["ALWAYS", "ASNEEDED"]


class RequestProgress(Structure):
    """If ProgressEvents are wanted."""

    enabled: bool | None = None


class CSVInput(Structure):
    """How the CSV to be read is written."""

    file_header_info: FileHeaderInfo | None = None
    comments: str | None = None
    quote_escape_character: str | None = None
    record_delimiter: str | None = None
    field_delimiter: str | None = None
    quote_character: str | None = None
    allow_quoted_record_delimiter: bool | None = None


class JSONInput(Structure):
    """How the JSON to be read is written."""

    type: JSONType | None = None


class ParquetInput(Structure):
    """The object is Parquet."""


class InputSerialization(Structure):
    """What the object to be queried is: one of CSV, JSON, Parquet; and its compression."""

    at_most_one = (("csv", "json", "parquet"),)
    csv: CSVInput | None = None
    compression_type: CompressionType | None = None
    json: JSONInput | None = None
    parquet: ParquetInput | None = None


class CSVOutput(Structure):
    """How CSV is to be written."""

    quote_fields: QuoteFields | None = None
    quote_escape_character: str | None = None
    record_delimiter: str | None = None
    field_delimiter: str | None = None
    quote_character: str | None = None


class JSONOutput(Structure):
    """How JSON is to be written."""

    record_delimiter: str | None = None


class OutputSerialization(Structure):
    """What the results are to be: CSV or JSON."""

    at_most_one = (("csv", "json"),)
    csv: CSVOutput | None = None
    json: JSONOutput | None = None


class ScanRange(Structure):
    """The bytes in which the records to be queried begin; *end* is inclusive."""

    start: int | None = None
    end: int | None = None


class RecordsEvent(Event):
    """Some bytes of the result; a record may be cut anywhere."""

    event_type = "Records"
    payload: Annotated[bytes, Payload()]


class Stats(Structure):
    """What the query took."""

    bytes_scanned: int | None = None
    bytes_processed: int | None = None
    bytes_returned: int | None = None


class StatsEvent(Event):
    """What the query took; comes once, before the end."""

    event_type = "Stats"
    details: Annotated[Stats, Payload("Stats")]


class Progress(Structure):
    """How far the query is."""

    bytes_scanned: int | None = None
    bytes_processed: int | None = None
    bytes_returned: int | None = None


class ProgressEvent(Event):
    """How far the query is, about once a minute if asked for."""

    event_type = "Progress"
    details: Annotated[Progress, Payload("Progress")]


class ContinuationEvent(Event):
    """The server is still at work."""

    event_type = "Cont"


class EndEvent(Event):
    """All results have come."""

    event_type = "End"
    is_last = True


SelectEvent: TypeAlias = RecordsEvent | StatsEvent | ProgressEvent | ContinuationEvent | EndEvent


class SelectObjectContentResult(StreamedResult):
    """The events: ``async for event in result.payload``. Leaving its context gives the connection back."""

    streaming = "payload"
    payload: Annotated[EventStream[SelectEvent], Payload()]


class SelectObjectContent(ObjectOperation[SelectObjectContentResult]):
    """Run an SQL expression over a CSV, JSON or Parquet object; the result is an async context manager.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_SelectObjectContent.html
    """

    method = "POST"
    subresource = "select"
    query = (("select-type", "2"),)
    root = "SelectObjectContentRequest"
    customer_key: Annotated[CustomerKey | None, Group()] = None
    expression: str
    expression_type: Literal["SQL"]
    request_progress: RequestProgress | None = None
    input_serialization: InputSerialization
    output_serialization: OutputSerialization
    scan_range: ScanRange | None = None
