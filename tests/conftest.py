"""Settings of all tests: property tests draw the same examples on every machine, slow or fast."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "project",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
settings.load_profile("project")

pytest_plugins = (
    "fixtures.cluster",
    "fixtures.measurements",
    "fixtures.mfnet",
    "fixtures.project",
    "fixtures.scenes",
    "fixtures.units",
)
