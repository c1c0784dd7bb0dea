"""One way of running hypothesis for this folder: the same examples each time, and no deadline on a busy machine."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "protocol",
    derandomize=True,
    deadline=None,
    max_examples=100,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("protocol")
