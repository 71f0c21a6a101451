"""Opens the pool that a config asks for."""

from pipeline.config.cluster import Cluster
from pipeline.workers.pool import SharedPool
from pipeline.workers.processes import ProcessPool


def shared_pool(
    workers: int, nice: int = 0, cluster: Cluster | None = None, card: str | None = None
) -> SharedPool:
    """Return a pool of so many processes of this machine.

    Parameters
    ----------
    nice
        Niceness of the processes.
    cluster
        Counts their rows, if there is one.
    card
        Name of the graphics processor that counts rows beside them, if there is one.
    """
    processes = ProcessPool(workers, nice)
    if cluster is None:
        if card is not None:
            from pipeline.workers.card.pool import CardPool

            return CardPool(processes, ProcessPool(1, nice), card)
        return processes
    from pipeline.workers.cluster.connection import Connection
    from pipeline.workers.cluster.pool import ClusterPool

    return ClusterPool(Connection(cluster, workers), processes)
