"""Opens the pool that a config asks for."""

from pipeline.config.load import Config
from pipeline.workers.pool import SharedPool
from pipeline.workers.processes import ProcessPool


def shared_pool(config: Config, workers: int) -> SharedPool:
    """Open the pool of a run, with `workers` processes of this machine."""
    processes = ProcessPool(workers, config.nice, config.look.tracing is not None)
    if config.engine is None:
        return processes
    from pipeline.workers.cluster.connection import Cluster
    from pipeline.workers.cluster.pool import ClusterPool

    return ClusterPool(Cluster(config.engine, workers), processes)
