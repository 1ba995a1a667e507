"""Tests of aios3.operations: the declarations against AWS's model, against botocore's codec, and on real servers."""
