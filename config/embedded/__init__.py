"""The embedded defaults: PostgreSQL and Valkey without root, docker or a system package.

Standard library only, and importable before Django's settings. Each server has a *keeper*: a small process that
starts it, restarts it when it dies, and stops it when its last user is gone, however that user went.
"""
