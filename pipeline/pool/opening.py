"""The pool that a config asks for."""

from pipeline.config.load import Config
from pipeline.pool.processes import ProcessPool
from pipeline.pool.shared import SharedPool


def shared_pool(config: Config, workers: int) -> SharedPool:
    """Open the pool of a run, with so many processes of this machine."""
    processes = ProcessPool(workers, config.nice, config.look.tracing is not None)
    if config.engine is None:
        return processes
    from pipeline.pool.cluster import Cluster
    from pipeline.pool.cluster_pool import ClusterPool

    return ClusterPool(Cluster(config.engine, workers), processes)
