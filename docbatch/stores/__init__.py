"""Object stores, as far as documents and outputs lie in them: objects listed, read and written, each under a condition.

`settings.py` says which store, `client_settings.py` what obstore is told of it, `object_store.py` what is asked of one,
`faults.py` what can go wrong, `object_reader.py` reads one object; `s3_client.py` is for what obstore does not do: `link_signer.py` and `object_tags.py`. Nothing here knows jobs, sources or sinks.
"""
