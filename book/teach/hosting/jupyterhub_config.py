"""A JupyterHub for one machine and a class: jupyterhub -f jupyterhub_config.py

Thirty people with an account on the machine, the course in one environment for all, limits for
each. Numbers: book/teach/hosting.md. It needs the package jupyterhub and, for the limits to hold,
jupyterhub-systemdspawner; without it people share the machine without limits.
"""

import importlib.util
import os
import pathlib

c = get_config()  # noqa: F821  (JupyterHub defines it)

HERE = pathlib.Path(__file__).resolve().parents[3]  # the clone that holds this file
COURSE = os.environ.get("COURSE", str(HERE))
ENVIRONMENT = os.environ.get("COURSE_ENVIRONMENT", f"{COURSE}/.venv")  # made by `make lab`

c.JupyterHub.bind_url = "http://:8000"  # put a proxy with a certificate before it
c.JupyterHub.concurrent_spawn_limit = 10  # the other twenty wait some seconds
c.JupyterHub.active_server_limit = 40

c.Spawner.default_url = "/lab"
c.Spawner.notebook_dir = "~"  # it has to exist; the link of nbgitpuller brings ~/course
c.Spawner.cmd = [f"{ENVIRONMENT}/bin/python", "-m", "jupyterhub.singleuser"]
c.Spawner.environment = {
    "OMP_NUM_THREADS": "1",  # thirty people: one thread each is faster for all
    "PIP_NO_INPUT": "1",
}
c.Spawner.mem_limit = "2G"
c.Spawner.mem_guarantee = "512M"
c.Spawner.cpu_limit = 2.0
c.Spawner.start_timeout = 120
c.Spawner.http_timeout = 60
if importlib.util.find_spec("systemdspawner"):
    c.JupyterHub.spawner_class = "systemdspawner.SystemdSpawner"  # it enforces the limits

c.Authenticator.allow_all = True  # of those who have an account on the machine

# Kernels that nobody uses for an hour go; the notebooks stay.
c.Spawner.args = [
    "--MappingKernelManager.cull_idle_timeout=3600",
    "--MappingKernelManager.cull_interval=300",
    "--MappingKernelManager.cull_connected=False",
]
