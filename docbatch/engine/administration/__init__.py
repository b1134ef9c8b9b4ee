"""What a person asks of a state or a vendor outside of a run: status, retry, resolve, cancel, recover, check."""
