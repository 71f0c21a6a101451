import pytest

from pipeline.counts.orbits.tables import References


@pytest.fixture(scope="session")
def references(tmp_path_factory):
    folder = tmp_path_factory.mktemp("references")
    return References(folder, folder / "tables")
