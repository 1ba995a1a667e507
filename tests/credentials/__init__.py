"""Where keys come from: each provider against a peer that speaks its protocol, and botocore as the judge of the whole."""
