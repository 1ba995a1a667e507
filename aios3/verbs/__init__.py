"""What a bucket can be asked to do, a class for each purpose; Bucket is all of them."""
