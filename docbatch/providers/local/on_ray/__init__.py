"""The local engine on a Ray cluster.

`ray_pool` is what the provider sees; `driver` is a process of its own that alone imports Ray and speaks with the cluster;
`node_reader` is what runs on the nodes, an actor for each processor, with the pool and the killable worker of one machine inside.
"""
