# Two images from one file: `backend` runs every part of Dispatch, `gateway` is nginx with its static files.

FROM python:3.13-slim AS backend
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp VAR_DIR=/app/var DATA_DIR=/app/data LOG_DIR=/app/logs
WORKDIR /app
COPY requirements.lock ./
RUN python -m pip install --no-cache-dir --no-compile --disable-pip-version-check --require-hashes -r requirements.lock
COPY . ./
# The values are for this step only: with a database named, static files get the hashed names of production.
RUN DB_HOST=build POSTGRES_DB=build POSTGRES_USER=build POSTGRES_PASSWORD=build SECRET_KEY=build \
    python manage.py collectstatic --noinput
RUN mkdir -p var data logs && chown -R 10001:10001 var data logs
USER 10001:10001
EXPOSE 8000 8001
CMD ["python", "-m", "gunicorn", "-c", "gateway/gunicorn.conf.py", "config.wsgi:application"]

FROM nginx:1.28-alpine AS gateway
COPY gateway/nginx.conf /etc/nginx/nginx.conf
COPY --from=backend /app/var/static /srv/static
RUN mkdir -p /var/log/dispatch && chown 10001:10001 /var/log/dispatch
USER 10001:10001
EXPOSE 8080
