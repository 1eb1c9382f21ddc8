"""gunicorn behind gateway/nginx.conf: pages and the API. /events/ belongs to uvicorn."""

from config.env import env_int

bind = f"0.0.0.0:{env_int('GUNICORN_PORT', 8000, least=1, most=65535)}"
worker_class = "gthread"
workers = env_int("GUNICORN_WORKERS", 9, least=1)
threads = env_int("GUNICORN_THREADS", 2, least=1)
timeout = env_int("GUNICORN_TIMEOUT", 60, least=1)
graceful_timeout = 20
# A worker is renewed now and then, so that no leak grows for weeks.
max_requests, max_requests_jitter = 5000, 500
# A heartbeat on a slow disk would look like a hanging worker.
worker_tmp_dir = "/dev/shm"
control_socket_disable = True
# Only the gateway reaches this port; it overwrites what a client claims about itself.
forwarded_allow_ips = "*"
