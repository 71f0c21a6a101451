"""Opens the pool that a config asks for."""

from pipeline.config.cluster import Cluster
from pipeline.workers.pool import SharedPool
from pipeline.workers.processes import ProcessPool


def shared_pool(workers: int, nice: int = 0, cluster: Cluster | None = None) -> SharedPool:
    """Return a pool of so many processes of this machine, whose rows a cluster may count."""
    processes = ProcessPool(workers, nice)
    if cluster is None:
        return processes
    from pipeline.workers.cluster.connection import Connection
    from pipeline.workers.cluster.pool import ClusterPool

    return ClusterPool(Connection(cluster, workers), processes)
