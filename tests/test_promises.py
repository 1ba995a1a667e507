"""Every public name and promise of two older interfaces, and the test that proves it.

The interfaces are AsyncS3Manager (aios3.object_storage) and async_storages (aios3.async_storages); the promises stand here
in short, in the order of their documentation.
"""

import ast
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
MANAGER, CONTRACT, S3 = "test_object_storage", "async_storages/test_contract", "async_storages/test_s3"
IMAGES = "async_storages/test_images"

PROMISES = [
    # ------------------------------------------------------------ AsyncS3Manager
    ("AsyncS3Manager(s3_access_key_id, s3_secret_access_key, region_name, endpoint_url)", MANAGER, "test_signature_is_that_of_the_interface"),
    ("its keys and endpoint default to the settings", MANAGER, "test_defaults_are_of_the_environment_when_it_is_made"),
    ("region_name is 'auto', which finds it out", MANAGER, "test_region_auto_is_what_the_endpoint_wants"),
    ("session is what makes the calls", MANAGER, "test_one_client_for_its_life"),
    ("_create_client returns a client", MANAGER, "test_one_client_for_its_life"),
    ("bucket_exists: True or False", MANAGER, "test_bucket_exists_or_does_not"),
    ("put_object stores data, returns S3's answer as a dict", MANAGER, "test_put_and_delete_return_what_botocore_returns"),
    ("get_object returns content and content type", MANAGER, "test_object_is_its_content_and_its_type"),
    ("delete_object deletes, returns S3's answer as a dict", MANAGER, "test_put_and_delete_return_what_botocore_returns"),
    ("list_objects returns a list of dicts below a prefix", MANAGER, "test_listing_is_botocores_of_all_pages"),
    ("every argument has its name", MANAGER, "test_everything_goes_by_keyword"),
    ("any S3-compatible storage, by endpoint and region", MANAGER, "test_everything_goes_by_keyword"),
    # ------------------------------------------------------------ BaseStorage
    ("BaseStorage is an ABC of six methods", CONTRACT, "test_base_storage_is_abstract"),
    ("their signatures", CONTRACT, "test_signature_is_that_of_the_interface"),
    ("a backend of one's own", CONTRACT, "test_file_comes_back_as_it_was_uploaded"),
    ("delete(name) deletes", CONTRACT, "test_upload_replaces_and_delete_removes"),
    ("get_name(name) returns a safe name", CONTRACT, "test_every_method_uses_the_safe_name"),
    ("get_path(name) returns a URL or path", CONTRACT, "test_every_method_uses_the_safe_name"),
    ("get_size(name) returns bytes", CONTRACT, "test_file_comes_back_as_it_was_uploaded"),
    ("open(name) returns a BytesIO of the content", CONTRACT, "test_file_comes_back_as_it_was_uploaded"),
    ("upload(file, name) returns the final name", CONTRACT, "test_every_method_uses_the_safe_name"),
    # ------------------------------------------------------------ S3Storage
    ("S3Storage(bucket_name, endpoint_url, ...)", CONTRACT, "test_signature_is_that_of_the_interface"),
    ("without keys: the standard chain", S3, "test_keys_are_found_where_the_aws_cli_finds_them"),
    ("endpoint_url is a host without protocol", S3, "test_endpoint_with_a_protocol_is_refused"),
    ("without endpoint: AWS in the region", S3, "test_link_is_where_the_file_is_served"),
    ("use_ssl: https or http", S3, "test_link_is_where_the_file_is_served"),
    ("default_acl is applied to uploads", S3, "test_plain_link_is_for_what_everybody_may_read"),
    ("custom_domain serves the files", S3, "test_link_is_where_the_file_is_served"),
    ("querystring_auth presigns the URLs", S3, "test_link_is_presigned_where_that_is_wanted"),
    ("get_name removes . and .., and secures each segment", CONTRACT, "test_every_method_uses_the_safe_name"),
    ("get_size is 0 for an object that does not exist", CONTRACT, "test_what_is_absent_has_no_size_and_cannot_be_opened"),
    ("get_size raises for an unexpected error", S3, "test_storage_that_is_down_is_an_error_in_every_call"),
    ("open is positioned at the start", CONTRACT, "test_file_comes_back_as_it_was_uploaded"),
    ("open raises FileNotFoundError", CONTRACT, "test_what_is_absent_has_no_size_and_cannot_be_opened"),
    ("open raises if it cannot be fetched", S3, "test_bucket_that_is_absent_is_an_error"),
    ("upload raises if it fails", S3, "test_bucket_that_is_absent_is_an_error"),
    ("delete raises if it fails", S3, "test_storage_that_is_down_is_an_error_in_every_call"),
    # ------------------------------------------------------------ StorageFile, StorageImage
    ("StorageFile(name, storage)", CONTRACT, "test_signature_is_that_of_the_interface"),
    ("StorageFile.name, upload, get_size, get_path, delete", CONTRACT, "test_file_object_passes_on_what_the_storage_does"),
    ("StorageImage(name, storage, width=0, height=0)", CONTRACT, "test_signature_is_that_of_the_interface"),
    ("given width and height are taken as known", IMAGES, "test_known_dimensions_are_not_read"),
    ("get_dimensions loads them from the storage", IMAGES, "test_dimensions_are_those_of_the_picture"),
    ("get_dimensions: OSError if it cannot be opened or read", IMAGES, "test_absent_picture_is_a_file_that_is_not_found"),
    ("get_dimensions: ValueError if it is no valid image", IMAGES, "test_what_is_no_image_is_an_error_of_both_kinds"),
]  # fmt: skip


@cache
def names_in(module: str) -> set[str]:
    """Return the names of the tests in a module."""
    tree = ast.parse((TESTS / f"{module}.py").read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize(("promise", "module", "test"), PROMISES)
def test_promise_has_its_proof(promise: str, module: str, test: str) -> None:
    assert test in names_in(module), promise


def test_each_promise_stands_once() -> None:
    promises = [promise for promise, _, _ in PROMISES]

    assert len(set(promises)) == len(promises)
