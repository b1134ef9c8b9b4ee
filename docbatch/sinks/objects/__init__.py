"""Outputs as objects of a store: `object_outputs` puts one in its place, `standing_objects` says what stands there, `object_moves` moves one to the trash and back."""
