"""The manifests of jobs, written when a run ends."""
